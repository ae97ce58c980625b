"""Turbulent fluxes of momentum, heat and water, over open water and over solid ground."""
