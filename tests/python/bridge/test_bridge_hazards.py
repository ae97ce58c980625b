"""What real hosts do to an embedded Python: nothing of it may harm the process or the results."""

from __future__ import annotations

import pathlib
import pickle
import re
import shutil
import signal
import subprocess
import sys

import pytest
from jobs import sabotage
from project import ROOT

pytestmark = pytest.mark.slow

SABOTAGE = """\
kept = []


def misuses(_function, _handle, _field_id, values):
    if values.itemsize == 4:
        values[0] = 1.0
    kept.append(values)


strike("ngcm_coupler.abi:wait", raises(SystemExit(3)))
strike("ngcm_coupler.abi:advance", raises(KeyboardInterrupt()))
strike("ngcm_coupler.abi:time", raises(MemoryError()))
strike("ngcm_coupler.abi:write_restart", raises(ValueError("no NgcmError")))
strike("ngcm_coupler.abi:get", raises(RuntimeError("caf\\u00e9")))
strike("ngcm_coupler.abi:field_count", returns("many"))
strike("ngcm_coupler.abi:coupling_interval", returns(None))
strike("ngcm_coupler.abi:put", misuses)
"""


SIGNALS = """\
import signal

for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGPIPE, signal.SIGFPE):
    signal.signal(number, lambda *arguments: None)
"""


def _assert_passed(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "host",
    ["contract", "misuse", "process_state", "arrays", "legacy", "traps", "surfaces", "ocean"],
)
def test_host_finds_what_the_header_promises(run, namelist, host):
    _assert_passed(run(host, namelist))


@pytest.mark.parametrize("seed", ["1", "2"])
def test_calls_in_any_order_with_any_arguments_end_in_a_status(run, namelist, tmp_path, seed):
    (tmp_path / "restarts").mkdir()
    done = run("calls", namelist, tmp_path / "restarts", seed, "5000")
    _assert_passed(done)
    made, taken, refused = map(int, re.findall(r"\d+", done.stdout))
    assert made == taken + refused >= 5000 and min(taken, refused) > 500


@pytest.mark.long
def test_calls_under_sanitizers_find_a_planted_overflow_and_no_other():
    done = subprocess.run(
        [sys.executable, ROOT / "tests" / "sanitized.py", "--count", "20000"],
        capture_output=True, text=True, timeout=3000, check=False,
    )  # fmt: skip
    _assert_passed(done)
    assert done.stdout.count(": no fault\n") == 2
    assert done.stdout.endswith("found\n") and "NOT FOUND" not in done.stdout


def test_signal_actions_outlive_a_package_that_sets_its_own(run, tmp_path, namelist):
    (tmp_path / "sitecustomize.py").write_text(SIGNALS)
    _assert_passed(run("process_state", namelist, PYTHONPATH=str(tmp_path)))


def test_traps_of_the_host_still_fire_after_the_library_was_used(run, namelist):
    assert run("traps", namelist, "divide").returncode == -signal.SIGFPE


def test_results_do_not_depend_on_the_hosts_optimisation(run, namelist):
    plain, fast = run("digest", namelist), run("digest_ofast", namelist)
    _assert_passed(plain)
    _assert_passed(fast)
    assert "subnormal numbers: kept" in plain.stdout
    assert "subnormal numbers: flushed" in fast.stdout
    assert plain.stdout.splitlines()[-1] == fast.stdout.splitlines()[-1]


def test_library_works_when_opened_as_a_plugin(run, prefix, namelist):
    _assert_passed(run("plugin_host", prefix / "lib" / "libngcm.so", namelist))


def test_host_with_the_systems_netcdf_gets_its_history(run, tmp_path, namelist):
    namelist.write_text(namelist.read_text() + "&ngcm_history file = 'history.nc' /\n")
    _assert_passed(run("netcdf_host", namelist, tmp_path / "history.nc"))


def test_exceptions_inside_python_become_a_status(run, namelist):
    _assert_passed(run("sabotaged", namelist, **sabotage(SABOTAGE)))


def test_faulty_namelist_is_a_config_error_with_its_line(run, namelist):
    namelist.write_text("&ngcm_model\n engin = 'analytic'\n/\n")
    done = run("attempt", namelist)
    assert done.stdout.startswith("2 config\n")
    assert f"{namelist}:2:" in done.stdout


def test_missing_checkpoint_is_an_error_that_names_it(run, namelist):
    namelist.write_text("&ngcm_model checkpoint = '/nowhere/model.pkl' /")
    done = run("attempt", namelist)
    assert done.stdout.split()[1] in {"config", "checkpoint"}
    assert "/nowhere/model.pkl" in done.stdout


def test_malicious_checkpoint_is_refused_and_not_run(run, tmp_path, namelist):
    class Malice:
        def __reduce__(self):
            return pathlib.Path.touch, (tmp_path / "harm",)

    checkpoint = tmp_path / "model.pkl"
    checkpoint.write_bytes(pickle.dumps({"params": Malice()}))
    namelist.write_text(f"&ngcm_model checkpoint = '{checkpoint}' /")
    done = run("attempt", namelist)
    assert done.stdout.startswith("3 checkpoint\n"), done.stdout + done.stderr
    assert str(checkpoint) in done.stdout
    assert not (tmp_path / "harm").exists()


def test_python_that_does_not_exist_is_an_error_with_the_remedy(run, namelist):
    done = run("attempt", namelist, NGCM_PYTHON="/nowhere/bin/python")
    assert done.stdout.startswith("15 embedding\ncannot use the python executable /nowhere")
    assert "set the environment variable NGCM_PYTHON" in done.stdout


def test_python_that_is_none_is_an_error_with_the_remedy(run, tmp_path, namelist):
    impostor = tmp_path / "environment" / "bin" / "python"
    impostor.parent.mkdir(parents=True)
    shutil.copy("/bin/true", impostor)
    done = run("attempt", namelist, NGCM_PYTHON=str(impostor))
    assert done.stdout.startswith("15 embedding\nPython started from ")
    assert f"instead of {tmp_path / 'environment'}" in done.stdout
    assert "set the environment variable NGCM_PYTHON" in done.stdout


def test_environment_without_the_package_is_an_error_with_the_remedy(run, tmp_path, namelist):
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    done = run("attempt", namelist, NGCM_PYTHON=str(environment / "bin" / "python"))
    assert done.stdout.startswith("15 embedding\ncannot import ngcm_coupler.abi")
    assert f"searched ['{environment}" in done.stdout or f"'{environment}/lib" in done.stdout
    assert "Install ngcm_coupler" in done.stdout


@pytest.mark.parametrize("name", ["numpy", "cftime", "encodings"])
def test_broken_package_on_pythonpath_is_named_in_the_remedy(run, tmp_path, namelist, name):
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("raise ImportError('of another machine')")
    done = run("attempt", namelist, PYTHONPATH=str(tmp_path))
    assert done.stdout.startswith("15 embedding\n"), done.stdout + done.stderr
    assert f"PYTHONPATH={tmp_path} puts its packages before those of the environment" in done.stdout
    assert "unset it" in done.stdout and "Traceback" not in done.stdout


def test_library_under_a_prefix_takes_the_package_beside_it(run, prefix, tmp_path, namelist):
    library = tmp_path / "prefix" / "lib" / "libngcm.so"
    package = library.parent / "ngcm" / "python" / "ngcm_coupler"
    package.mkdir(parents=True)
    shutil.copy(prefix / "lib" / "libngcm.so", library)
    (package / "__init__.py").touch()
    (package / "abi.py").write_text("raise ImportError('the one beside the library')")
    done = run("plugin_host", library, namelist, NGCM_PYTHON=sys.executable)
    assert done.returncode == 1
    assert "the one beside the library" in done.stderr


def test_python_program_can_be_the_host(prefix, namelist):
    program = (
        "import ctypes, sys; library = ctypes.CDLL(sys.argv[1]); handle = ctypes.c_int()\n"
        "assert library.ngcm_create(sys.argv[2].encode(), -2**31, ctypes.byref(handle)) == 0\n"
        "assert library.ngcm_destroy(handle) == 0\n"
        "assert library.ngcm_wait(handle) == 9"
    )
    command = [sys.executable, "-c", program, prefix / "lib" / "libngcm.so", namelist]
    subprocess.run(command, check=True)
