"""Scores of ensembles against a reference, by lead time, as means over the area."""
