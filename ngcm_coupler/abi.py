"""What libngcm calls: component handles, and nothing else.

Every function raises on failure; the C++ side asks `describe` for status and message. The table of
live components is global, because a number is all that a host holds of its component.
"""

from __future__ import annotations

import functools
import itertools
import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numpy as np

from ngcm_coupler import errors, python_path
from ngcm_coupler.component import Component
from ngcm_coupler.config import Config
from ngcm_coupler.config.namelist import require_lasting
from ngcm_coupler.couplers import require_run_folder
from ngcm_coupler.errors import ArgumentError, HandleError, NgcmError

__all__ = [
    "advance",
    "continues",
    "coupling_interval",
    "create",
    "describe",
    "destroy",
    "field_alias",
    "field_count",
    "field_id",
    "field_info",
    "get",
    "grid",
    "grid_size",
    "instances",
    "is_complete",
    "keeps_restarts",
    "load",
    "on_timeout",
    "put",
    "request_stop",
    "restart_due",
    "save",
    "set_partition",
    "stop_requested",
    "time",
    "wait",
    "write_restart",
]

_log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

_components: dict[int, Component] = {}
_handles = itertools.count(1)


def _component(handle: int) -> Component:
    try:
        return _components[handle]
    except KeyError:
        raise HandleError(
            f"component handle {handle} is not in use; it was never created, or has been destroyed"
        ) from None


def _placed(function: Callable[P, T]) -> Callable[P, T]:
    """Adds to an error of a component the rank and the model date at which it came."""

    @functools.wraps(function)
    def call(*arguments: P.args, **named: P.kwargs) -> T:
        component = _components.get(arguments[0]) if arguments else None  # type: ignore[arg-type]
        try:
            return function(*arguments, **named)
        except BaseException as error:
            if component is not None:
                error.add_note(component.whereabouts)
            raise

    return call


def describe(error: BaseException) -> tuple[int, str]:
    """Returns the status and the message with which an exception crosses the C boundary.

    An exception that is not an `NgcmError` is a fault of the plugin: it keeps its type and the
    place where it was raised, because the host has no traceback; the log gets that.
    """
    is_ours = isinstance(error, NgcmError)
    if not is_ours:
        _log.error("a fault of ngcm_coupler", exc_info=error)
    message = str(error) if is_ours else errors.unexpected(error)
    if remedy := python_path.remedy(error):
        message = f"{message}; {remedy}"
    if places := getattr(error, "__notes__", []):
        message = f"{message} ({'; '.join(places)})"
    return error.status if is_ours else errors.INTERNAL, message


def create(namelist_path: str, fcomm: int | None) -> int:
    """Creates a component from a namelist file and returns its handle, 1 or more.

    The namcouple of a run through OASIS must belong to it, and the host reads the namelist too.
    """

    def check(config: Config) -> None:
        require_lasting(namelist_path)
        require_run_folder(config)

    component = Component.create(namelist_path, fcomm, check)
    handle = next(_handles)
    _components[handle] = component
    return handle


def grid_size(handle: int) -> tuple[int, int]:
    """Columns and rows of the atmosphere's grid."""
    grid = _component(handle).grid
    return grid.nlon, grid.nlat


def grid(
    handle: int,
    lon: np.ndarray | None,
    lat: np.ndarray | None,
    corner_lon: np.ndarray | None,
    corner_lat: np.ndarray | None,
    area: np.ndarray | None,
    land_fraction: np.ndarray | None,
) -> None:
    """Fills the caller's float64 vectors; None is a vector that is not wanted."""
    component = _component(handle)
    own = component.grid
    for wanted, values in (
        (lon, own.longitude),
        (lat, own.latitude),
        (corner_lon, own.corner_longitude),
        (corner_lat, own.corner_latitude),
        (area, own.area),
        (land_fraction, component.land_area_fraction),
    ):
        if wanted is not None:
            wanted[:] = values.reshape(-1)


def instances(handle: int) -> int:
    """How many copies of the grid the points of a field are."""
    return _component(handle).instances


@_placed
def set_partition(handle: int, global_index: np.ndarray) -> None:
    """Declares the points of this rank, 1-based. Collective."""
    _component(handle).set_partition(global_index)


def coupling_interval(handle: int) -> int:
    """Length of the coupling interval [s]."""
    return _component(handle).interval_seconds


def field_count(handle: int) -> int:
    """Number of fields that the component takes or offers."""
    return len(_component(handle).fields)


def field_info(handle: int, index: int) -> tuple[str, str, str, str, str]:
    """Name, units, direction, averaging and surface of field number ``index``, from 1."""
    field = _component(handle).field(index)
    return field.name, field.units, field.direction, field.averaging, field.surface


def field_alias(handle: int, index: int, coupler: str) -> str:
    """Name of field number ``index`` in the files of ``coupler``; empty where it has none."""
    field = _component(handle).field(index)
    aliases = {"oasis": field.oasis, "nuopc": field.nuopc}
    if coupler not in aliases:
        raise ArgumentError(
            f"ngcm_field_alias: coupler is {coupler!r}; fields have names for"
            f" {' and '.join(map(repr, aliases))}"
        )
    return aliases[coupler]


def field_id(handle: int, name: str) -> int:
    """Number of the field of that name, from 1."""
    return _component(handle).field_id(name)


@_placed
def put(handle: int, field_id: int, values: np.ndarray) -> None:
    """Takes one imported field at this rank's points."""
    _component(handle).put(field_id, values)


@_placed
def get(handle: int, field_id: int, out: np.ndarray) -> None:
    """Fills ``out`` with one field at this rank's points."""
    _component(handle).get(field_id, out)


@_placed
def advance(handle: int, seconds: int) -> None:
    """Advances by one coupling interval; 0 seconds only send the imports. Collective."""
    _component(handle).advance(seconds)


@_placed
def wait(handle: int) -> None:
    """Waits until the interval in flight is complete. Collective."""
    _component(handle).wait()


def time(handle: int) -> str:
    """Date at the end of the last interval, ISO 8601."""
    return _component(handle).clock.iso8601()


@_placed
def write_restart(handle: int, path: str) -> None:
    """Writes a restart file; if the path is empty, where the namelist says. Collective."""
    _component(handle).write_restart(path)


@_placed
def save(handle: int, name: str, values: np.ndarray) -> None:
    """Keeps an array of the host's own for the next restart file. Collective."""
    _component(handle).save(name, values)


@_placed
def load(handle: int, name: str, out: np.ndarray) -> None:
    """Fills ``out`` with what the restart file has of the host's own. Collective."""
    _component(handle).load(name, out)


def continues(handle: int) -> bool:
    """Whether the run goes on from a restart."""
    return _component(handle).continues


def keeps_restarts(handle: int) -> bool:
    """Whether the namelist says where to write restart files."""
    return _component(handle).keeps_restarts()


def restart_due(handle: int) -> bool:
    """Whether the namelist asks for a restart file at the date reached."""
    return _component(handle).restart_is_due()


def is_complete(handle: int) -> bool:
    """Whether the date is reached at which the chain of runs ends."""
    return _component(handle).is_complete()


@_placed
def stop_requested(handle: int) -> bool:
    """Whether to write a restart and stop now. Collective."""
    return _component(handle).stop_requested()


def request_stop(handle: int) -> None:
    """Says that this rank has been asked to stop."""
    _component(handle).request_stop()


def on_timeout(handle: int, action: Callable[[], None]) -> None:
    """Sets what is called when an interval takes too long."""
    _component(handle).on_timeout(action)


@_placed
def destroy(handle: int) -> None:
    """Completes the interval in flight and releases the component. Collective."""
    component = _component(handle)
    del _components[handle]
    component.close()
