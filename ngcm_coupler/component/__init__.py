"""The lifecycle of a coupled atmosphere, as a host sees it."""

from ngcm_coupler.component.component import Component

__all__ = ["Component"]
