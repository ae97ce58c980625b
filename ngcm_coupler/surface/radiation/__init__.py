"""Radiation at the surface and at the top of the air, and what it meets on its way."""
