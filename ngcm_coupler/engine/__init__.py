"""Atmospheres behind one protocol; all that is nondimensional or spectral stays in here."""
