"""The stopwatch: every second counts for one phase, and together they are the run."""

import re

import numpy as np
import pytest

from ngcm_coupler.component import Component
from ngcm_coupler.output.log.timing import Phase, Stopwatch, table, within

NAMELIST = """
&ngcm_model engine = 'analytic', analytic_latitudes = 8 /
&ngcm_coupling interval_seconds = 3600 /
&ngcm_history budget_file = '{folder}/budget.nc' /
"""


class Hand:
    """A clock that is turned by hand."""

    def __init__(self):
        self.at = 100.0

    def __call__(self):
        return self.at


@pytest.fixture
def hand():
    return Hand()


@pytest.fixture
def stopwatch(hand):
    return Stopwatch(hand)


def test_a_phase_inside_another_takes_its_time_from_it(hand, stopwatch):
    hand.at += 5.0
    stopwatch.enter(Phase.HOST)
    hand.at += 2.0
    with stopwatch.phase(Phase.OWNER):
        hand.at += 1.0
        with stopwatch.phase(Phase.DEVICE):
            assert stopwatch.now is Phase.DEVICE
            hand.at += 30.0
        hand.at += 0.5
    hand.at += 4.0
    seconds = stopwatch.seconds()
    spent = {phase: value for phase, value in seconds.items() if value}
    assert spent == {
        Phase.START_UP: 5.0, Phase.HOST: 6.0, Phase.OWNER: 1.5, Phase.DEVICE: 30.0
    }  # fmt: skip
    assert sum(seconds.values()) == stopwatch.total() == 42.5


def test_a_phase_ends_with_an_error(hand, stopwatch):
    stopwatch.enter(Phase.HOST)

    class Reader:
        _stopwatch = stopwatch

        @within(Phase.FILES)
        def read(self):
            hand.at += 3.0
            raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        Reader().read()
    assert stopwatch.now is Phase.HOST
    assert stopwatch.seconds()[Phase.FILES] == 3.0


def test_work_behind_the_device_is_not_waited_for(hand, stopwatch):
    """The device takes 10 s, while the host works for 4; then 3 s, while it works for 7."""
    for busy, work in ((10.0, 4.0), (3.0, 7.0)):
        stopwatch.device_starts()
        with stopwatch.phase(Phase.HOST):
            hand.at += work
        with stopwatch.phase(Phase.DEVICE):
            hand.at += max(0.0, busy - work)
            stopwatch.device_is_ready(before=busy < work)
    assert stopwatch.seconds()[Phase.DEVICE] == 6.0
    # Of the second interval nobody has seen when it ended.
    assert stopwatch.device_busy == 10.0 + 7.0
    assert stopwatch.found_ready == 1
    text = table(stopwatch, 2)
    assert "seen: 17.000 s: 6.000 s waited for" in text and "11.000 s behind other work" in text
    assert "in 1 of 2 intervals it had finished before" in text


def test_the_rows_of_the_table_add_up_to_its_total(hand, stopwatch):
    for number, phase in enumerate(Phase):
        with stopwatch.phase(phase):
            hand.at += 0.125 * (number + 1)
    rows = re.findall(r"^(.{38}) *([\d.]+) +([\d.]+)", table(stopwatch, 3), re.MULTILINE)
    *parts, (name, total, share) = rows
    assert len(parts) == len(Phase) and name.strip() == "total" and share == "100.00"
    assert sum(float(seconds) for _, seconds, _ in parts) == pytest.approx(float(total), abs=0.01)
    assert max(map(len, table(stopwatch, 3).splitlines())) <= 100


@pytest.mark.slow
def test_the_seconds_of_a_run_are_those_of_its_phases(tmp_path, caplog):
    caplog.set_level("INFO", "ngcm_coupler")
    namelist = tmp_path / "run.nml"
    namelist.write_text(NAMELIST.format(folder=tmp_path))
    component = Component.create(str(namelist))
    values = np.empty(component.grid.size)
    for _ in range(3):
        for name in ("sea_surface_temperature", "sea_ice_area_fraction"):
            component.get(component.field_id(name), values)
            component.put(component.field_id(name), values)
        component.advance(3600)
    component.write_restart(str(tmp_path / "restart.nc"))
    component.close()
    (figures,) = [record.figures for record in caplog.records
                  if getattr(record, "event", "") == "timing"]  # fmt: skip
    phases = {phase: figures[phase.key] for phase in Phase}
    assert sum(phases.values()) == pytest.approx(figures["total_seconds"], abs=1e-9)
    assert figures["intervals"] == 3
    used = {phase for phase, seconds in phases.items() if seconds > 0.0}
    assert used == set(Phase) - {Phase.AGREEMENT}, "no one has asked whether to stop"
    waited = figures["device_busy_seconds"] - figures["device_overlapped_seconds"]
    assert waited == pytest.approx(figures["device_seconds"])
    # Three times 3600 s in the whole of the run.
    speed = 3 * 3600 / 365.25 / figures["total_seconds"]
    assert figures["simulated_years_per_day"] == pytest.approx(speed)
