"""Restart files, and what a run must share with the one that it continues."""
