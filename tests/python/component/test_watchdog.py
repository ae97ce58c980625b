"""How long an interval may take, and what is said while a coupled host waits for its partner."""

from __future__ import annotations

import logging
import threading
import time

import pytest

from ngcm_coupler import config as configuration
from ngcm_coupler.component import watchdog
from ngcm_coupler.component.watchdog import Watchdog
from ngcm_coupler.output.log.timing import Phase, Stopwatch

COUPLED = "&ngcm_oasis exports = 'rainfall_flux' /\n"


class Clock:
    """Seconds that pass when told to."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class Watched:
    """A watchdog whose seconds pass when told to, and whether it has ended its job."""

    def __init__(self, namelist, host=True, clock=None):
        self.clock = clock or Clock()
        self.stopwatch = Stopwatch(self.clock)
        self.dog = Watchdog(configuration.parse(namelist), 0, self.stopwatch, self.clock)
        self.ended = threading.Event()
        if host:
            self.dog.on_timeout(self.ended.set)

    def interval(self, seconds, date="2000-01-01T00:00:00"):
        """Begins an interval, and lets time pass in which the host waits."""
        self.dog.interval_begins(date)
        self.stopwatch.enter(Phase.SEND)
        self.stopwatch.enter(Phase.HOST)
        self.clock.now += seconds

    def has_ended_within(self, looks):
        return self.ended.wait(looks * watchdog.LOOK_SECONDS)


@pytest.fixture
def watched(monkeypatch, caplog):
    """Makes one that looks every few milliseconds; all are sent to sleep at the end."""
    monkeypatch.setattr(watchdog, "LOOK_SECONDS", 0.005)
    monkeypatch.setattr(watchdog, "_GRACE_SECONDS", 0.0)
    caplog.set_level(logging.INFO, logger="ngcm_coupler")
    monkeypatch.setattr(logging.getLogger("ngcm_coupler"), "propagate", True)
    made = []

    def make(*arguments, **named):
        made.append(Watched(*arguments, **named))
        return made[-1]

    yield make
    for each in made:
        each.dog.close()


def said_after(caplog, count):
    """What has been said once there are so many messages."""
    for _ in range(2000):
        if len(caplog.messages) >= count:
            break
        time.sleep(0.005)
    return caplog.messages


def test_a_wait_for_the_partner_is_said_each_minute(watched, caplog):
    run = watched(COUPLED)
    run.interval(59.0)
    time.sleep(0.05)
    assert caplog.messages == []
    run.clock.now += 2.0
    first = "waiting for the ocean since 61 s, in the interval from 2000-01-01T00:00:00"
    assert said_after(caplog, 1) == [first]
    run.clock.now += 30.0
    time.sleep(0.05)
    assert caplog.messages == [first]
    run.clock.now += 30.0
    assert said_after(caplog, 2)[1].startswith("waiting for the ocean since 121 s")
    assert caplog.records[0].levelname == "WARNING"
    run.interval(61.0, "2000-01-01T01:00:00")  # another wait
    assert said_after(caplog, 3)[2].endswith("since 61 s, in the interval from 2000-01-01T01:00:00")


def test_a_partner_that_is_late_at_the_start_is_waited_for_aloud(watched, caplog):
    run = watched(COUPLED)
    run.stopwatch.enter(Phase.HOST)
    run.clock.now += 75.0
    assert said_after(caplog, 1) == ["waiting for the ocean since 75 s, for the first interval"]


@pytest.mark.parametrize(
    ("namelist", "host"),
    [
        pytest.param("&ngcm_model /", True, id="the host computes itself"),
        pytest.param(COUPLED, False, id="no host ends a job, as in a command"),
    ],
)
def test_nothing_is_said_where_nobody_is_waited_for(watched, caplog, namelist, host):
    run = watched(namelist, host)
    for _ in range(4):
        run.interval(1.0)
    run.interval(100_000.0)
    time.sleep(0.05)
    assert caplog.messages == []
    assert not run.ended.is_set()


def test_computing_is_no_waiting(watched, caplog):
    run = watched(COUPLED)
    run.dog.interval_begins("2000-01-01T00:00:00")
    run.stopwatch.enter(Phase.COMPILE)
    run.clock.now += 600.0
    time.sleep(0.05)
    assert caplog.messages == []


def test_the_limit_is_learnt_from_the_intervals_that_have_ended(watched, caplog):
    run = watched(COUPLED)
    run.interval(40.0)
    run.interval(30.0)
    run.interval(399.0)  # the third; ten times 40 s is not over yet
    assert not run.has_ended_within(10)
    run.clock.now += 2.0
    assert run.ended.wait(10.0)
    (fault,) = [each.message for each in caplog.records if each.levelname == "CRITICAL"]
    assert "for more than 400 s, while the longest so far took 40 s" in fault
    assert "timeout_seconds of &ngcm_limits" in fault
    assert "it waits for the ocean, which may have ended or be stuck, in phase 'host" in fault


def test_two_intervals_teach_no_limit(watched):
    run = watched(COUPLED)
    run.interval(1.0)
    run.interval(100_000.0)
    assert not run.has_ended_within(10)


def test_a_partner_that_is_quick_may_write_a_file_now_and_then(watched):
    run = watched(COUPLED)
    for _ in range(3):
        run.interval(0.1)
    run.clock.now += watchdog.LEAST_SECONDS - 1.0
    assert not run.has_ended_within(10)
    run.clock.now += 2.0
    assert run.ended.wait(10.0)


def test_a_limit_of_zero_is_none(watched):
    run = watched(COUPLED + "&ngcm_limits timeout_seconds = 0 /")
    for _ in range(3):
        run.interval(0.1)
    run.clock.now += 100_000.0
    assert not run.has_ended_within(10)


def test_a_limit_of_the_namelist_holds_from_the_first_interval_on(watched, caplog):
    run = watched(COUPLED + "&ngcm_limits timeout_seconds = 30 /")
    run.interval(29.0)
    assert not run.has_ended_within(10)
    run.clock.now += 2.0
    assert run.ended.wait(10.0)
    assert "for more than timeout_seconds = 30 of &ngcm_limits; it waits for" in caplog.messages[-1]


def test_a_host_that_computes_itself_has_the_limit_of_the_namelist(watched, caplog):
    run = watched("&ngcm_limits timeout_seconds = 1 /", clock=time.monotonic)
    run.dog.interval_begins("2000-01-01T00:00:00")
    run.stopwatch.enter(Phase.HOST)
    assert run.ended.wait(30.0)
    assert "timeout_seconds = 1 of &ngcm_limits; it is in phase 'host" in caplog.messages[-1]
