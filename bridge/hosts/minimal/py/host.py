"""The smallest complete host: six intervals over a sea that takes up the heat it is given."""

import sys
import time

import numpy as np
from mpi4py import MPI

from ngcm_coupler import Component, NgcmError

INTERVALS = 6

HEAT_CAPACITY = 1025.0 * 3990.0 * 50.0
"""Of 50 m of sea water [J m-2 K-1]."""

comm = MPI.COMM_WORLD


def run() -> None:
    """Couples the sea to the atmosphere of the namelist."""
    with Component.create("host.nml", comm) as atmosphere:
        grid, seconds = atmosphere.grid, atmosphere.interval_seconds

        # This rank holds a band of latitudes: points count from 1, eastwards, then northwards.
        first = grid.nlon * (comm.rank * grid.nlat // comm.size)
        last = grid.nlon * ((comm.rank + 1) * grid.nlat // comm.size)
        atmosphere.set_partition(np.arange(first, last) + 1)

        # Before the first put an import holds the surface of the initial state.
        sst = atmosphere.get("sea_surface_temperature")
        ice = atmosphere.get("sea_ice_area_fraction")
        sea = grid.area * (1.0 - atmosphere.land_area_fraction)
        open_water = sea[first:last] * (1.0 - ice)

        for interval in range(1, INTERVALS + 1):
            atmosphere.put("sea_surface_temperature", sst)
            atmosphere.put("sea_ice_area_fraction", ice)
            atmosphere.advance()
            solar = atmosphere.get("surface_net_downward_shortwave_flux_over_ice_free_sea")
            nonsolar = atmosphere.get("surface_downward_nonsolar_heat_flux_over_ice_free_sea")
            heat = solar + nonsolar
            # A model of the sea has its place here; the ice stays as it is.
            sst = sst + heat * seconds / HEAT_CAPACITY
            report(interval, open_water, sst, heat)


def report(interval: int, open_water: np.ndarray, sst: np.ndarray, heat: np.ndarray) -> None:
    """Means over all open water; the first rank prints them."""
    mine = np.array([open_water.sum(), (open_water * sst).sum(), (open_water * heat).sum()])
    whole = np.empty_like(mine)
    comm.Reduce(mine, whole)
    if comm.rank == 0:
        temperature, flux = whole[1:] / whole[0]
        print(f"interval {interval}: temperature [K] {temperature:.9f}, heat [W m-2] {flux:.9f}")


def fail(error: Exception) -> None:
    """After a failure one rank says why, and all end with a code that is not zero."""
    known = isinstance(error, NgcmError)
    name = error.label if known else type(error).__name__
    number = f"{error.status} " if known else ""
    # Another rank has failed, knows the reason, and ends this one while it waits here.
    if name == "parallel":
        comm.Barrier()
    # What all ranks have met the first one says, and ends the others meanwhile.
    if comm.rank > 0:
        time.sleep(2.0)
    print(f"ngcm: error {number}({name}): {error}", file=sys.stderr, flush=True)
    comm.Abort(1)


try:
    run()
except Exception as error:
    fail(error)
