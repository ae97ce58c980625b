"""The one place where the netCDF library enters the process."""

from __future__ import annotations

import importlib
import os
import sys
from types import ModuleType


def import_netcdf4() -> ModuleType:
    """Imports ``netCDF4``, safely inside a host that is linked to netCDF itself.

    The wheel brings its own libnetcdf and libhdf5. In a process that has already loaded the
    system's libraries, symbols of the same name would bind to those and crash. With
    ``RTLD_DEEPBIND`` the wheel's libraries look into themselves first. The flag holds for this
    import only.
    """
    if "netCDF4" in sys.modules or not hasattr(os, "RTLD_DEEPBIND"):
        return importlib.import_module("netCDF4")
    flags = sys.getdlopenflags()
    sys.setdlopenflags(os.RTLD_NOW | os.RTLD_DEEPBIND)
    try:
        return importlib.import_module("netCDF4")
    finally:
        sys.setdlopenflags(flags)
