"""``ngcm-coupler doctor``: Python, the one that libngcm embeds, and the library itself."""

from __future__ import annotations

import ctypes
import importlib
import importlib.metadata
import os
import platform
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import ngcm_coupler
from ngcm_coupler.cli import buildconfig
from ngcm_coupler.cli.doctor.findings import Fault, program
from ngcm_coupler.python_path import hidden_remedy, hiding_modules

OLDEST, NEWEST = (3, 11), (3, 13)
"""The Pythons that the tests run in, at either end; pyproject.toml has the same."""

_PACKAGES = ("numpy", "scipy", "cftime", "xarray", "jax", "haiku", "dinosaur", "neuralgcm")
"""What is imported without more ado; MPI and netCDF have checks of their own."""

_ABI_VERSION = re.compile(r"#define NGCM_ABI_VERSION (\d+)")


def checks() -> dict[str, Callable[[], str]]:
    """Name of each check -> the function that makes it."""
    return {
        "python": python,
        "variables": variables,
        "package": package,
        "packages": packages,
        "libpython": libpython,
        "libngcm": libngcm,
        "embedding": embedding,
    }


def python() -> str:
    """The Python of this command is one that can be embedded."""
    version = sys.version_info[:2]
    if not OLDEST <= version <= NEWEST:
        raise Fault(
            f"{sys.executable} is Python {platform.python_version()}; install the package into one"
            f" of {_text(OLDEST)} to {_text(NEWEST)}"
        )
    return f"{platform.python_version()}, {sys.executable}"


def variables() -> str:
    """No variable of the environment leads to another Python."""
    named = os.environ.get("NGCM_PYTHON")
    if named and not (Path(named).is_absolute() and os.access(named, os.X_OK)):
        raise Fault(
            f"NGCM_PYTHON={named} is not the absolute path of an executable file; set it to"
            f" {sys.executable}, or unset it"
        )
    if named and _prefix(Path(named)) != Path(sys.prefix).resolve():
        raise Fault(
            f"NGCM_PYTHON={named} makes libngcm embed another Python than {sys.executable}, which"
            " runs this command; unset it, or use the ngcm-coupler beside it"
        )
    if home := os.environ.get("PYTHONHOME"):
        raise Fault(
            f"PYTHONHOME={home} replaces the standard library of every Python, but that of libngcm;"
            " unset PYTHONHOME"
        )
    active = os.environ.get("VIRTUAL_ENV")
    if active and Path(active).resolve() != Path(sys.prefix).resolve():
        raise Fault(
            f"VIRTUAL_ENV={active} is active, but this command belongs to {sys.prefix}, and so does"
            " its libngcm; activate that one, or install the package into the active one"
        )
    return "NGCM_PYTHON, PYTHONHOME and VIRTUAL_ENV do no harm"


def package() -> str:
    """Modules and library are of one version."""
    installed = importlib.metadata.version("ngcm_coupler")
    folder = Path(ngcm_coupler.__file__).parent
    if installed != ngcm_coupler.__version__:
        raise Fault(
            f"the modules in {folder} are of version {ngcm_coupler.__version__}, the installed"
            f" library is of {installed}; unset PYTHONPATH, or install the package again"
        )
    return f"{installed}, {folder}"


def packages() -> str:
    """All that is imported in a run can be, and comes from this environment."""
    for name in _PACKAGES:
        try:
            importlib.import_module(name)
        except Exception as error:  # whatever a broken package comes upon
            remedy = hidden_remedy() or (
                f"install it again with `{sys.executable} -m pip install --force-reinstall {name}`"
            )
            raise Fault(
                f"{name} cannot be imported ({type(error).__name__}: {error}); {remedy}"
            ) from error
    found = [str(path) for path in hiding_modules()]
    return f"all work{', those of PYTHONPATH first: ' if found else ''}{', '.join(found)}"


def libpython() -> str:
    """The linker finds a shared libpython, of this version."""
    library = buildconfig.prefix() / "lib" / "libngcm.so"
    linked = {name: path for name, path in shared_libraries(library).items() if "python" in name}
    wanted = "{}.{}".format(*sys.version_info[:2])
    for name, path in linked.items():
        if not path:
            raise Fault(
                f"{library} needs {name}, which the linker does not find; load the module of the"
                " Python that it was built with, add its folder to LD_LIBRARY_PATH, or install the"
                " package again"
            )
        if f"libpython{wanted}." not in name:
            raise Fault(
                f"{library} links {name}, and this is Python {wanted}; install the package again"
                f" with `{sys.executable} -m pip install`"
            )
        return path
    raise Fault(f"{library} links no shared libpython; install the package again")


def libngcm() -> str:
    """The library loads, and its interface is that of the installed header."""
    prefix = buildconfig.prefix()
    library = prefix / "lib" / "libngcm.so"
    try:
        version = ctypes.CDLL(str(library)).ngcm_abi_version()
    except (OSError, AttributeError) as error:
        raise Fault(f"{library} does not load ({error}); install the package again") from error
    header = (prefix / "include" / "ngcm.h").read_text(encoding="utf-8")
    stated = _ABI_VERSION.search(header)
    if stated is None or int(stated[1]) != version:
        raise Fault(
            f"{library} has interface {version}, its header {stated and stated[1]}; install the"
            " package again"
        )
    return f"interface {version}, {library}"


def embedding() -> str:
    """A host that is not Python gets Python started, with the package in it."""
    # Without its namelist the C host comes as far as Python code that says so, and no further.
    host, missing = program("ngcm_bench"), "/nonexistent.nml"
    done = subprocess.run([host, missing, "1"], capture_output=True, text=True, check=False)
    if f"{missing}: cannot read the namelist" not in done.stderr:
        said = done.stderr.strip() or f"exit code {done.returncode}"
        raise Fault(f"a host cannot start Python: {said.removeprefix('ngcm_bench: ')}")
    return "a C host starts Python and finds the package"


def shared_libraries(file: Path) -> dict[str, str]:
    """Name of each shared library that a file links -> its path, '' where it is not found."""
    try:
        done = subprocess.run(["ldd", file], capture_output=True, text=True, check=False)
    except OSError as error:
        raise Fault(f"ldd does not run ({error.strerror}); install it (glibc)") from error
    found = {}
    for line in done.stdout.splitlines():
        name, arrow, path = line.strip().partition(" => ")
        if arrow:
            found[name] = "" if path.startswith("not found") else path.split(" (")[0]
    return found


def _prefix(executable: Path) -> Path:
    """The environment that an executable belongs to, by CPython's own rule."""
    environment = executable.parent.parent
    if (environment / "pyvenv.cfg").exists():
        return environment.resolve()
    return executable.resolve().parent.parent


def _text(version: tuple[int, int]) -> str:
    return "{}.{}".format(*version)
