"""A Fortran program that reads every group of the package, written from its declarations."""

from __future__ import annotations

import dataclasses
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path

from ngcm_coupler.config import GROUPS
from ngcm_coupler.config.keys import Key, Setting, keys

TEXT, ITEM, ITEMS = 5000, 600, 300
"""Lengths of texts, of the texts of a list, and of lists."""

_UNSET = "<unset>"
_UNSET_INTEGER = -(2**31) + 1


@dataclasses.dataclass(frozen=True)
class Reading:
    """What Fortran says of a group: iostat, and the value of each key."""

    error: int
    values: dict[str, Setting | None]


def build(folder: Path, fallback: bool = True) -> Path:
    """Compiles the program; without fallback what no file sets has no value that can be."""
    program = folder / ("reader" if fallback else "strict_reader")
    source = program.with_suffix(".f90")
    source.write_text(_program(fallback))
    command = ["gfortran", "-O0", "-ffree-line-length-none", "-o", str(program), str(source)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return program


def read(program: Path, files: Sequence[Path]) -> list[dict[str, Reading]]:
    """What it reads in each file."""
    names = "".join(f"{file}\n" for file in files)
    result = subprocess.run(
        [program], input=names.encode(), check=True, capture_output=True, timeout=3000
    )
    lines = iter(result.stdout.split(b"\n"))
    fallback = program.name == "reader"
    return [{name: _reading(name, lines, fallback) for name in GROUPS} for _ in files]


def _reading(group, lines, fallback):
    error, values = int(next(lines)), {}
    for name, key in keys(GROUPS[group]).items():
        if isinstance(key.default, tuple):
            given = [_value(next(lines), key.items) for _ in range(int(next(lines)))]
            values[name] = tuple(given) or (key.default if fallback else None)
        else:
            values[name] = _value(next(lines), type(key.default))
    return Reading(error, values)


def _value(line, kind):
    if kind is str:
        text = line.decode(errors="surrogateescape")
        return None if text == _UNSET else text
    if kind is float:
        value = struct.unpack("<d", int(line).to_bytes(8, "little", signed=True))[0]
        return None if value == _UNSET_INTEGER else value
    if kind is bool:
        return line.strip() == b"T"
    return None if int(line) == _UNSET_INTEGER else int(line)


def _program(fallback: bool) -> str:
    calls = "\n".join(f"  call read_{name}(trim(file))" for name in GROUPS)
    return "\n".join(
        [
            "program reader\n  use, intrinsic :: iso_fortran_env\n  implicit none",
            "  character(4096) :: file\n  integer :: ios\n  do",
            f"  read (*, '(a)', iostat=ios) file\n  if (ios /= 0) exit\n{calls}",
            "  end do\ncontains",
            *(_subroutine(group, fallback) for group in GROUPS),
            "end program reader\n",
        ]
    )


def _subroutine(group: str, fallback: bool) -> str:
    declared = keys(GROUPS[group])
    names = ", &\n ".join(declared)
    lines = [f"subroutine read_{group}(its_file)", "  character(*), intent(in) :: its_file"]
    lines += [f"  {_declaration(name, key)}" for name, key in declared.items()]
    lines += [f"  namelist /{group}/ {names}", "  integer :: its_unit, its_error, i, n"]
    lines += [f"  {name} = {_initial(key, fallback)}" for name, key in declared.items()]
    lines += [
        "  open (newunit=its_unit, file=its_file, status='old', action='read', iostat=its_error)",
        f"  if (its_error == 0) read (its_unit, nml={group}, iostat=its_error)",
        "  close (its_unit)",
        "  write (*, '(i0)') its_error",
    ]
    for name, key in declared.items():
        lines += _print(name, key)
    return "\n".join([*lines, "end subroutine"])


_TYPES = {int: "integer", float: "real(real64)", bool: "logical"}


def _declaration(name: str, key: Key) -> str:
    if isinstance(key.default, tuple):
        kind = f"character({ITEM})" if key.items is str else _TYPES[key.items]
        return f"{kind} :: {name}({ITEMS})"
    return f"{_TYPES.get(type(key.default), f'character({TEXT})')} :: {name}"


def _initial(key: Key, fallback: bool) -> str:
    match key.default:
        case tuple():
            return f"'{_UNSET}'" if key.items is str else str(_UNSET_INTEGER)
        case float() | int() if not fallback and not isinstance(key.default, bool):
            return str(_UNSET_INTEGER)
        case str() if not fallback:
            return f"'{_UNSET}'"
        case bool():
            return ".true." if key.default else ".false."
        case float():
            return f"{key.default!r}".replace("e", "d") + ("" if "e" in repr(key.default) else "d0")
        case str():
            return "'" + key.default.replace("'", "''") + "'"
    return str(key.default)


def _print(name: str, key: Key) -> list[str]:
    if isinstance(key.default, tuple):
        unset = f"'{_UNSET}'" if key.items is str else str(_UNSET_INTEGER)
        value = f"trim({name}(i))" if key.items is str else f"{name}(i)"
        form = "'(a)'" if key.items is str else "'(i0)'"
        return [
            f"  n = {ITEMS}",
            "  do while (n > 0)",
            f"    if ({name}(max(n, 1)) /= {unset}) exit\n    n = n - 1\n  end do",
            "  write (*, '(i0)') n",
            f"  do i = 1, n\n    write (*, {form}) {value}\n  end do",
        ]
    match key.default:
        case bool():
            return [f"  write (*, '(l1)') {name}"]
        case float():
            return [f"  write (*, '(i0)') transfer({name}, 0_int64)"]
        case str():
            return [f"  write (*, '(a)') trim({name})"]
    return [f"  write (*, '(i0)') {name}"]
