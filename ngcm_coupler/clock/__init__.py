"""The time of a run: dates in its calendar, and when something is due."""

from ngcm_coupler.clock.clock import Clock

__all__ = ["Clock"]
