"""The form of a restart file's contents, which a checksum alone does not vouch for.

A file that another program or another version has written may be whole and still hold other things.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ngcm_coupler.errors import RestartError

_REMEDY = "go on from a file that `ngcm_write_restart` has written and nobody has changed"


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53


def _is_list_of(kind: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, list) and all(map(kind, value))


def _is(kind: type) -> Callable[[object], bool]:
    return lambda value: isinstance(value, kind)


_HEADER: dict[str, tuple[Callable[[Any], bool], str]] = {
    "identity": (_is(dict), "an object"),
    "configuration": (_is(str), "a text"),
    "environment": (_is(dict), "an object"),
    "start": (_is(str), "a date"),
    "elapsed_seconds": (_is_count, "a whole number"),
    "budgets": (_is_list_of(_is(dict)), "a list of objects"),
    "put_at": (_is_list_of(_is_count), "a list of whole numbers"),
    "has_means": (_is(bool), "true or false"),
}
_HISTORY: dict[str, tuple[Callable[[Any], bool], str]] = {
    "begin": (_is_count, "a whole number"),
    "seconds": (_is_count, "a whole number"),
    "records": (_is_count, "a whole number"),
    "file": (_is(str), "a text"),
    "record": (_is(str), "a text"),
    "interval_hours": (_is_count, "a whole number"),
    "variables": (_is_list_of(_is(str)), "a list of texts"),
    "levels_hpa": (_is(list), "a list"),
}


def require_form(path: str, header: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Refuses contents that are not those of a restart.

    Raises:
      RestartError: says what is missing or of another kind.
    """
    if not isinstance(header, dict):
        raise _foreign(path, f"its header is a {type(header).__name__}, expected an object")
    _require_keys(path, "header", header, _HEADER)
    if history := header.get("history"):
        if not isinstance(history, dict):
            raise _foreign(path, "its history is no object")
        _require_keys(path, "history", history, _HISTORY)
    for name in ("exports", "imports"):
        if name not in arrays:
            raise _foreign(path, f"it has no array {name}")


def require_shapes(
    path: str,
    header: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray],
    *,
    exports: tuple[int, int, int],
    imports: int,
) -> None:
    """Refuses arrays that do not fit a run of that identity, after `require_form`.

    Args:
      path: the file, for messages.
      header: of the file.
      arrays: of the file.
      exports: members, exported fields and points of the run.
      imports: number of its imported fields.

    Raises:
      RestartError: names the array.
    """
    members, _, points = exports
    expected: dict[str, tuple[tuple[int, ...], ...]] = {
        "exports": (exports,),
        "imports": ((members, imports, points), (1, imports, points)),
    }
    # A branch may be coupled to another number of hosts, of which `load` takes care.
    expected |= {
        name: ((*array.shape[:-1][:1], points),)
        for name, array in arrays.items()
        if name.startswith("host.")
    }
    for name, shapes in expected.items():
        array = arrays[name]
        if array.shape not in shapes or array.dtype.kind != "f":
            raise _foreign(
                path,
                f"its array {name!a} has shape {array.shape} and type {array.dtype}, expected"
                f" {shapes[0]} and real numbers",
            )
    for name, array in arrays.items():
        if name.startswith("state.") and array.shape[:1] != (members,):
            raise _foreign(path, f"its array {name!a} is not of {members} members")
    for name, count in (("budgets", members), ("put_at", imports)):
        if len(header[name]) != count:
            raise _foreign(path, f"its {name} are {len(header[name])}, expected {count}")


def _require_keys(
    path: str,
    where: str,
    found: Mapping[str, Any],
    expected: Mapping[str, tuple[Callable[[Any], bool], str]],
) -> None:
    for key, (fits, words) in expected.items():
        if key not in found:
            raise _foreign(path, f"its {where} has no {key}")
        if not fits(found[key]):
            raise _foreign(path, f"{key} in its {where} is not {words}")


def _foreign(path: str, what: str) -> RestartError:
    return RestartError(
        f"restart file {path} is whole, but does not hold what a restart holds: {what}; {_REMEDY}"
    )
