"""JAX's processes made of the host's ranks, so that one program runs on the devices of all.

JAX has a service of its own by which its processes find each other and notice that one has died. It
is started here from the host's communicator: nobody types an address, and MPI, signals and the end
of the process stay the host's. Only bytes travel, on the calling thread.

How it ends. `shutdown` must be called by all ranks, before MPI_Finalize, and before any of them
exits. A process that dies is noticed after `HEARTBEAT_SECONDS` at most, and then the service ends
the others with SIGABRT: a rank that waits for a dead one never waits for longer. The first rank
holds the service; when it dies the others end at once.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING

import jax
import numpy as np
from jax._src import xla_bridge  # nothing public says whether a device has been asked for

from ngcm_coupler.errors import ParallelError
from ngcm_coupler.parallel import Ranks

if TYPE_CHECKING:
    from mpi4py import MPI

HEARTBEAT_SECONDS = 60
"""Silence after which a process counts as dead."""

CONNECT_SECONDS = 30
"""Longest time to find the first rank."""

_SHUTDOWN_SECONDS = 60
_LOOPBACK = "127.0.0.1"
_NAME_BYTES = 256
_NO_PROXY = "no_grpc_proxy"


def initialize(
    comm: MPI.Comm,
    address: str = "",
    local_device: int | None = None,
    heartbeat_seconds: int = HEARTBEAT_SECONDS,
) -> None:
    """Makes the ranks of a communicator the processes of one JAX program. Collective.

    JAX allows it once in the life of a process, before its first use of a device. Afterwards
    `jax.devices()` lists the devices of all ranks, in the order of the ranks.

    Args:
      comm: the ranks that compute; the first of them holds the service.
      address: name or IPv4 address by which the others reach the first rank; by default its host
        name, or the loopback interface where all are on one host.
      local_device: number of the GPU that this rank uses; None for all that it sees. A single
        rank needs no service: nothing is done for it.
      heartbeat_seconds: silence after which a process counts as dead.

    Raises:
      ParallelError: JAX is already in use, or a rank cannot reach the first one.
    """
    ranks = Ranks(comm)
    if comm.Get_size() == 1:
        return
    ranks.agree(_use_fault())
    address = _broadcast_text(ranks, address) or _host(ranks)
    interface = _LOOPBACK if address == _LOOPBACK else "0.0.0.0"
    with contextlib.ExitStack() as open_sockets:
        port = np.zeros(1, np.int64)

        def hold() -> None:
            """Keeps a port from other programs until the service has it: bound but deaf."""
            if ranks.is_root:
                held = open_sockets.enter_context(_socket(interface, 0))
                port[0] = held.getsockname()[1]

        ranks.collective(hold)
        ranks.broadcast(port)
        _try_connection(ranks, address, interface, int(port[0]))
        # The host may count on its handler of SIGTERM, which this service would replace.
        jax.config.update("jax_enable_preemption_service", False)
        # The other choice, MPI, would start MPI itself.
        jax.config.update("jax_cpu_collectives_implementation", "gloo")
        with _without_proxy(address):
            jax.distributed.initialize(
                f"{address}:{port[0]}",
                comm.Get_size(),
                comm.Get_rank(),
                local_device,
                cluster_detection_method="deactivate",
                initialization_timeout=CONNECT_SECONDS,
                heartbeat_timeout_seconds=heartbeat_seconds,
                shutdown_timeout_seconds=_SHUTDOWN_SECONDS,
                coordinator_bind_address=f"{interface}:{port[0]}",
            )


def shutdown() -> None:
    """Ends what `initialize` has started. Collective; before MPI_Finalize. Harmless without it."""
    jax.distributed.shutdown()


def _use_fault() -> ParallelError | None:
    """What speaks against a start in this process."""
    if jax.distributed.is_initialized():
        return ParallelError(
            "JAX already runs over several processes; it can be started so once per process"
        )
    if xla_bridge.backends_are_initialized():
        return ParallelError(
            "JAX has already looked for its devices in this process, so that it can no longer"
            " share those of other ranks; create the component before any other use of JAX"
        )
    return None


def _host(ranks: Ranks) -> str:
    """How the first rank is reached: over the network only where another host takes part."""
    mine = socket.gethostname()
    first = _broadcast_text(ranks, mine)
    return first if ranks.any(mine != first) else _LOOPBACK


def _broadcast_text(ranks: Ranks, text: str) -> str:
    """The first rank's text, on all ranks."""
    encoded = np.zeros(_NAME_BYTES, np.uint8)
    name = np.frombuffer(text.encode()[:_NAME_BYTES], np.uint8)
    encoded[: name.size] = name
    return ranks.broadcast(encoded).tobytes().rstrip(b"\0").decode()


def _try_connection(ranks: Ranks, address: str, interface: str, port: int) -> None:
    """Has every rank reach the first one, since JAX ends a process that cannot."""
    fault = None
    with contextlib.ExitStack() as listening:

        def listen() -> None:
            if ranks.is_root:
                listening.enter_context(_socket(interface, port)).listen(socket.SOMAXCONN)

        ranks.collective(listen)
        try:
            if not ranks.is_root:
                socket.create_connection((address, port), CONNECT_SECONDS).close()
        except OSError as error:
            fault = ParallelError(
                f"rank {ranks.rank} on {socket.gethostname()} cannot reach the first rank at"
                f" {address}:{port} ({error}); give the name or the IPv4 address of the first"
                " rank's host in a network that all ranks share"
            )
        ranks.agree(fault)


def _socket(interface: str, port: int) -> socket.socket:
    """A bound socket whose port another one of this user may use too."""
    bound = socket.socket(socket.AF_INET)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind((interface, port))
    return bound


@contextlib.contextmanager
def _without_proxy(address: str) -> Iterator[None]:
    """Has the service reached directly: it would ask a web proxy of the environment first."""
    # JAX warns of just that.
    jax.config.update("jax_check_proxy_envs", False)
    before = os.environ.get(_NO_PROXY)
    os.environ[_NO_PROXY] = address
    try:
        yield
    finally:
        if before is None:
            del os.environ[_NO_PROXY]
        else:
            os.environ[_NO_PROXY] = before
