"""``ngcm-coupler doctor``: MPI, and the findings of all ranks."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType

from ngcm_coupler.cli.doctor.findings import Fault, Finding, Report, program
from ngcm_coupler.cli.doctor.python import shared_libraries

_FAMILIES = ("Open MPI", "OpenRTE", "Intel", "MPICH", "HYDRA", "MVAPICH")
_SAME = {"OpenRTE": "Open MPI", "HYDRA": "MPICH"}
_SIZES = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MPI_LOCALNRANKS")


def checks() -> dict[str, Callable[[], str]]:
    """Name of each check -> the function that makes it."""
    return {
        "mpi4py": mpi4py,
        "mpirun": mpirun,
        "programs": programs,
        "ranks": ranks,
        "cores": cores,
    }


def mpi4py() -> str:
    """The mpi4py that the atmosphere uses finds an MPI library."""
    return _version(_mpi().Get_library_version())


def mpirun() -> str:
    """The launcher is of the MPI that mpi4py uses."""
    path = shutil.which("mpirun") or shutil.which("mpiexec")
    if path is None:
        if launched() > 1:
            return f"none on PATH; {launched()} ranks have been started without"
        raise Fault(
            "neither mpirun nor mpiexec is on PATH; load the MPI that the host uses (Debian and"
            " Ubuntu: package openmpi-bin)"
        )
    done = subprocess.run(
        [path, "--version"], capture_output=True, text=True, check=False, env=_outside()
    )
    said, library = done.stdout + done.stderr, _mpi().Get_library_version()
    launcher, used = _family(said), _family(library)
    if launcher != used:
        raise Fault(
            f"{path} is {launcher}'s, and mpi4py uses {used} ({_version(library)}): ranks would not"
            f" find each other; load the mpirun of {used}, or install mpi4py for {launcher} with"
            " `python -m pip install --force-reinstall --no-binary mpi4py mpi4py`"
        )
    numbers = (
        re.findall(r"\d+\.\d+(?:\.\d+)?", said)[:1],
        re.findall(r"\d+\.\d+(?:\.\d+)?", library),
    )
    if numbers[0] and numbers[1] and numbers[0][0] != numbers[1][0]:
        raise Fault(
            f"{path} is of {launcher} {numbers[0][0]}, and mpi4py uses {numbers[1][0]}; load one"
            " MPI, and put its libraries first in LD_LIBRARY_PATH"
        )
    return f"{path}, {launcher} {''.join(numbers[0])}"


def programs() -> str:
    """The programs use the MPI library that mpi4py has loaded."""
    driver = program("ngcm_driver")
    linked = {name: path for name, path in shared_libraries(driver).items() if _is_mpi(name)}
    if missing := [name for name, path in linked.items() if not path]:
        raise Fault(
            f"{driver} needs {', '.join(missing)}, which the linker does not find; load the MPI"
            " that the package was built with, or install the package again"
        )
    _mpi()
    loaded = {
        Path(line.split(maxsplit=5)[5].strip())
        for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
        if _is_mpi(line.rpartition("/")[2])
    }
    own = {Path(path).resolve() for name, path in linked.items() if name.startswith("libmpi.")}
    if own and loaded and own.isdisjoint(path.resolve() for path in loaded):
        raise Fault(
            f"{driver} links {', '.join(map(str, own))}, and mpi4py loads"
            f" {', '.join(map(str, sorted(loaded)))}; install one of the two again for the other's"
            " MPI"
        )
    return f"{driver} and mpi4py share {', '.join(map(str, own)) or 'their MPI'}"


def ranks() -> str:
    """What the launcher has started has become one run."""
    expected = launched()
    if expected < 2:
        return "1; under mpirun every rank checks"
    size = _world().Get_size()
    if size != expected:
        raise Fault(
            f"the launcher has started {expected} ranks, and MPI sees {size}: the launcher is not"
            " that of the MPI library; use the mpirun beside it, or srun --mpi=pmix"
        )
    return str(size)


def cores() -> str:
    """The rank may use more than one core."""
    usable, present = len(os.sched_getaffinity(0)), os.cpu_count() or 1
    if usable == 1 and present > 1:
        raise Fault(
            f"bound to 1 of {present} cores, and JAX uses no more; start with mpirun --bind-to none"
            " or --map-by slot:PE=N, srun with --cpu-bind=none or --cpus-per-task=N"
        )
    return f"{usable} of {present}"


def gathered(findings: Report) -> list[tuple[str, Report]] | None:
    """Host and findings of every rank on the first, None on the others.

    Collective where MPI has been started. Ranks that MPI does not join stand for themselves.
    """
    mine = platform.node(), list(findings)
    if launched() < 2:
        return [mine]
    try:
        world = _world()
    except (ImportError, RuntimeError, Fault):
        return [mine]
    everyone = world.gather(mine, root=0)
    _mpi().Finalize()
    if everyone is None:
        return None
    return [(host, [Finding(*finding) for finding in report]) for host, report in everyone]


def launched(environment: Mapping[str, str] = os.environ) -> int:
    """How many ranks the launcher says it has started; 1 without one."""
    sizes = [environment[name] for name in _SIZES if name in environment]
    # Slurm sets its own for the batch script too, which is no rank.
    if "SLURM_STEP_NUM_TASKS" in environment and environment.get("SLURM_STEP_ID", "").isdigit():
        sizes.append(environment["SLURM_STEP_NUM_TASKS"])
    return max((int(size) for size in sizes if size.isdigit()), default=1)


def _mpi() -> ModuleType:
    """The module MPI, with MPI left alone."""
    try:
        import mpi4py as package

        package.rc.initialize = False
        package.rc.finalize = False
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:
        raise Fault(
            f"mpi4py finds no MPI library ({error}); load the MPI that the host uses, then install"
            " mpi4py again with `python -m pip install --force-reinstall mpi4py`"
        ) from error
    return MPI


def _world():  # noqa: ANN202  (the type is mpi4py's, which may not be there)
    module = _mpi()
    if not module.Is_initialized():
        module.Init()
    return module.COMM_WORLD


def _outside() -> dict[str, str]:
    """The environment without what makes a launcher take itself for a rank."""
    prefixes = ("OMPI_", "PMIX_", "PMI_", "PRTE_")
    return {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}


def _family(text: str) -> str:
    found = next((family for family in _FAMILIES if family.lower() in text.lower()), "another MPI")
    return _SAME.get(found, found)


def _version(text: str) -> str:
    return text.strip("\0 \n").splitlines()[0].split(", package")[0]


def _is_mpi(name: str) -> bool:
    return name.startswith(("libmpi.", "libmpich.", "libmpi_cray."))
