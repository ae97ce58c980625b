"""``ngcm-coupler bench`` counts what it says, and docs/performance.md shows what it prints."""

import gzip
import json
import re

import numpy as np
import pytest
from project import ROOT

from ngcm_coupler import cli
from ngcm_coupler.cli.bench import bridge, ensemble, interval, profile, start_up, step
from ngcm_coupler.cli.bench.timing import in_turn, quartiles, spread

PAGE = (ROOT / "docs" / "performance.md").read_text()
THREE = [1.0, 2.0, 3.0]


def test_everything_is_run_once_for_nothing_and_then_in_turn():
    order = []
    runs = {name: lambda name=name: order.append(name) for name in "ab"}
    seconds = in_turn(runs, 2)
    assert order == ["a", "b", "a", "b", "a", "b"]
    assert all(each.wall.shape == (2,) and (each.wall >= 0.0).all() for each in seconds.values())


def test_quartiles_are_printed_median_first():
    assert spread(quartiles(np.array([1.0, 2.0, 3.0, 4.0, 5.0])), ".0f") == "3 [2, 4]"


def test_time_inside_a_loop_counts_for_what_is_inside(tmp_path):
    def event(operation, start, length, thread=1):
        return {
            "ph": "X", "pid": 1, "tid": thread, "ts": start, "dur": length,
            "args": {"hlo_op": operation},
        }  # fmt: skip

    events = [
        {"ph": "M", "pid": 1, "name": "thread_name"},
        {"ph": "X", "pid": 1, "tid": 1, "ts": 0, "dur": 5, "name": "Python"},
        event("while.1", 0.0, 100.0),
        event("dot.1", 10.0, 30.0),
        event("dot.1", 40.0, 30.0),
        event("add.1", 100.0, 50.0),
        event("dot.1", 0.0, 7.0, thread=2),
    ]
    trace = tmp_path / "host.trace.json.gz"
    with gzip.open(trace, "wt") as file:
        json.dump({"traceEvents": events}, file)
    seconds = profile._own_seconds(trace)
    assert seconds == pytest.approx({"while.1": 40e-6, "dot.1": 67e-6, "add.1": 50e-6})


def test_operations_are_found_in_the_compiled_program():
    compiled = (
        "HloModule jit__trace\n"
        '  %dot.1 = f32[2]{0} dot(%a, %b), metadata={op_type="dot" op_name="j/explicit terms/d"}\n'
        '  ROOT %add.2 = f32[2]{0} add(%a), metadata={op_name="j/surface exchange/radiation/a"}\n'
    )
    names = profile._operations(compiled)
    assert {operation: profile._part(name) for operation, name in names.items()} == {
        "dot.1": "dynamical core: explicit terms",
        "add.2": "radiation",
    }
    assert profile._part("") == "unnamed (copies, transposes)"


BRIDGE = {f"{name}_us": THREE for name in ("put", "get", "advance_0", "exchange")} | {
    "nlon": 128, "nlat": 64, "limit_ms": 0.3, "python_blocks_growth": 0,
    "resident_bytes_after": 0, "resident_bytes_before": 0,
}  # fmt: skip
CORE = {"wall_ms": THREE, "processor_ms": THREE, "first_step_s": 1.0}
ROW = {"milliseconds": THREE, "ratio": THREE}
PRINTED = {
    "bridge": bridge.text([BRIDGE]),
    "step": step.text(
        {
            "model": "demo", "load": [1.0, 1.0], "cores": {"upstream": CORE, "fast": CORE},
            "speedup": THREE, "processor_speedup": THREE, "difference": {"vorticity": 1e-6},
            "last_digits": {"vorticity": 1e-6},
        }
    ),
    "interval": interval.text(
        {
            "rows": [ROW | {"name": name} for name in ("the model alone", *interval._PROGRAMS)],
            "overhead": THREE, "processor_overhead": THREE, "bridge": 1e-4,
            "profile": {"seconds": {"radiation": 1.0}, "trace": "here"},
        }
    ),
    "start-up": start_up.text(
        [
            {"name": name, "first_interval_s": THREE, "start_up_s": THREE, "compile_s": THREE}
            for name in start_up._WAYS
        ]
    ),
    "ensemble": ensemble.text(
        {"batched": False, "rows": [ROW | {"members": 1, "device_bytes": None}]}
    ),
}  # fmt: skip


@pytest.mark.parametrize("subject", PRINTED)
def test_the_page_has_the_tables_that_are_printed(subject):
    headers = re.findall(r"^(\|.*\|)\n\| ---", PRINTED[subject], re.M)
    assert headers and all(f"\n{header}\n" in PAGE for header in headers)


def test_tables_of_the_page_are_of_the_bench():
    headers = re.findall(r"^(\|.*\|)\n\| ---", PAGE, re.M)
    assert all(any(f"{header}\n" in text for text in PRINTED.values()) for header in headers)


def test_a_subject_that_is_none_is_refused(capsys):
    with pytest.raises(SystemExit):
        cli.main(["bench", "everything"])
    assert "start-up" in capsys.readouterr().err


@pytest.mark.parametrize("subject", ["interval", "all"])
def test_the_folder_of_a_trace_is_judged_before_anything_is_measured(
    subject, tmp_path, monkeypatch, capsys
):
    def measure(name):
        raise AssertionError(f"{name} is imported to be measured")

    monkeypatch.setattr(cli.bench.importlib, "import_module", measure)
    (tmp_path / "file").touch()
    for folder, why in (
        ("/dev/null", "it is no folder"),
        (tmp_path / "file/in", "Not a directory"),
    ):
        assert cli.main(["bench", subject, "--profile", str(folder)]) == 1
        assert f"--profile {folder}: {why}" in capsys.readouterr().err
