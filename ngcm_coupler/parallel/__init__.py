"""Ranks: who holds the atmosphere, and how fields travel between its holders and the host.

The host may call from one rank or from many. Some ranks, the owners, hold members of the
atmosphere; each rank holds the points that it has declared, and only their values travel. Calls go
through the host's own communicator on the calling thread, so that MPI_THREAD_SINGLE is enough.
"""

from ngcm_coupler.parallel.owners import Owners
from ngcm_coupler.parallel.points import Points
from ngcm_coupler.parallel.ranks import HostComm, Ranks, communicator

__all__ = ["HostComm", "Owners", "Points", "Ranks", "communicator"]
