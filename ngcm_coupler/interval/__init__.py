"""One coupling interval of atmosphere and surface as a pure function."""

from ngcm_coupler.interval.interval import CoupledState, Interval

__all__ = ["CoupledState", "Interval"]
