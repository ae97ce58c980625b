"""``ngcm-coupler config``: the flags with which a host's own Makefile builds against libngcm."""

from __future__ import annotations

import argparse
import importlib.metadata
import pathlib
import sys
from collections.abc import Callable

from ngcm_coupler.errors import NgcmError


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Adds the command to ``ngcm-coupler``."""
    parser = subparsers.add_parser(
        "config",
        help="print the flags for building a host, as nc-config does",
        description=(
            "Print what a host's own Makefile needs to build against libngcm, one line for each "
            "option given and all of them, named, for none. For example: "
            "FFLAGS += $(shell ngcm-coupler config --fflags)"
        ),
    )
    for name, (meaning, _) in _ANSWERS.items():
        parser.add_argument(
            f"--{name}", dest="names", action="append_const", const=name, help=meaning
        )
    parser.set_defaults(run=_run)


def prefix() -> pathlib.Path:
    """Returns the folder that holds the installed lib, include, bin and share.

    Raises:
      NgcmError: this Python has the package's modules but not its library.
    """
    try:
        package = importlib.metadata.distribution("ngcm_coupler").locate_file("ngcm_coupler")
    except importlib.metadata.PackageNotFoundError:
        package = pathlib.Path(__file__).parents[1]
    folder = pathlib.Path(str(package))
    library = folder / "lib" / "libngcm.so"
    if not library.exists():
        raise NgcmError(
            f"ngcm_coupler is not installed with its library: there is no {library}; "
            f"run `make setup`, or `{sys.executable} -m pip install` on the project's folder"
        )
    return folder


def _compile_flags() -> str:
    return f"-I{prefix()}/include"


def _link_flags() -> str:
    folder = f"{prefix()}/lib"
    return f"-L{folder} -Wl,-rpath,{folder} -lngcm_fortran -lngcm"


_ANSWERS: dict[str, tuple[str, Callable[[], str]]] = {
    "fflags": ("flags to compile Fortran that uses the module ngcm", _compile_flags),
    "cflags": ("flags to compile C that includes ngcm.h", _compile_flags),
    "libs": ("flags to link either", _link_flags),
    "prefix": ("the folder of lib, include, bin and share", lambda: str(prefix())),
    "python": ("the Python that the host will embed", lambda: sys.executable),
}
"""Option -> its help and its answer."""


def _run(args: argparse.Namespace) -> int:
    for name in args.names or ():
        print(_ANSWERS[name][1]())
    if not args.names:
        for name, (_, answer) in _ANSWERS.items():
            print(f"--{name:<8}{answer()}")
    return 0
