"""Interpolation weights: what they are, what makes them wrong, and their files."""

from ngcm_coupler.regrid.weights.checks import check_weights, column_sums, row_sums
from ngcm_coupler.regrid.weights.links import GridPoints, Weights
from ngcm_coupler.regrid.weights.reading import read_weights
from ngcm_coupler.regrid.weights.writing import is_own, write_weights

__all__ = [
    "GridPoints",
    "Weights",
    "check_weights",
    "column_sums",
    "is_own",
    "read_weights",
    "row_sums",
    "write_weights",
]
