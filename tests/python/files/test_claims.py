"""Who writes a file keeps others from it, and what a killed process leaves keeps nobody."""

from __future__ import annotations

import datetime
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading

import pytest

from ngcm_coupler.errors import OutputError
from ngcm_coupler.files import Claims, claims, lockers, require_free

HOLD = """
import sys
from ngcm_coupler.files import Claims

held = Claims()
held.take(sys.argv[1], "the history")
print("held", flush=True)
sys.stdin.read()
"""


READ = """
import fcntl, sys

with open(sys.argv[1]) as file:
    fcntl.flock(file, fcntl.LOCK_SH)
    print("locked", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def file(tmp_path) -> pathlib.Path:
    return tmp_path / "h.nc"


@pytest.fixture
def claim():
    """Claims that are given back at the end of the test."""
    made = []

    def make(*arguments, **options):
        made.append(Claims())
        made[-1].take(*arguments, **options)
        return made[-1]

    yield make
    for each in made:
        each.release()


@pytest.fixture
def holder(file):
    """Another process that holds the file."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def test_a_file_that_another_process_holds_is_refused_with_its_name(file, holder, claim):
    file.write_text("records")
    words = rf"^the history is being written by ngcm_coupler on {os.uname().nodename}, process"
    with pytest.raises(OutputError, match=rf"{words} {holder.pid}, since \d{{4}}-.*; wait until"):
        claim(file, "the history")
    with pytest.raises(OutputError, match=words):
        claim(file.parent / "." / "h.nc", "the history", whole=True)
    assert file.read_text() == "records"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_what_a_killed_process_leaves_keeps_nobody(file, holder, claim, number, monkeypatch):
    monkeypatch.setattr(claims, "WATCH_SECONDS", 1e9)
    holder.send_signal(number)
    holder.wait()
    assert (file.parent / ".h.nc.lock").exists()
    claim(file, "the history").release()
    assert not list(file.parent.iterdir())


def test_a_process_that_ends_gives_its_files_back(file, holder):
    holder.communicate()
    assert holder.returncode == 0
    assert not list(file.parent.iterdir())


def test_a_link_to_a_file_is_that_file(file, tmp_path, claim):
    (tmp_path / "other.nc").symlink_to(file)
    claim(tmp_path / "other.nc", "one")
    with pytest.raises(OutputError, match="^two is being written by this very process"):
        claim(file, "two")


def test_what_is_replaced_as_a_whole_may_be_shared_within_a_process(file, claim):
    claim(file, "restarts", whole=True)
    claim(file, "restarts", whole=True)
    with pytest.raises(OutputError, match="this very process"):
        require_free(file, "restarts")


def test_claims_that_nobody_gives_back_go_with_their_owner(file, claim):
    def forget():
        Claims().take(file, "one")

    forget()
    claim(file, "two")


ELSEWHERE = "ngcm_coupler on another-machine, process 7, since 2000-01-01T00:00:00+00:00\n"


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(claims, "BEAT_SECONDS", 0.02)
    monkeypatch.setattr(claims, "WATCH_SECONDS", 0.3)


@pytest.mark.parametrize("has_locks", [True, False])
def test_a_disk_without_common_locks_is_watched_for_who_lives(
    file, claim, quick, has_locks, monkeypatch
):
    if not has_locks:
        monkeypatch.setattr(claims, "_locked", lambda _: False)
    lock = file.parent / ".h.nc.lock"
    lock.write_text(ELSEWHERE)
    over = threading.Event()

    def live():
        while not over.wait(0.02):
            os.utime(lock)

    life = threading.Thread(target=live)
    life.start()
    try:
        with pytest.raises(OutputError, match="by ngcm_coupler on another-machine, process 7, "):
            claim(file, "the history")
    finally:
        over.set()
        life.join()
    claim(file, "the history")
    assert "another-machine" not in lock.read_text()


def test_who_holds_a_file_touches_its_lock(file, claim, quick, monkeypatch):
    """So that one without common locks is told of a run that lives."""
    claim(file, "one")
    monkeypatch.setattr(claims, "_locked", lambda _: False)
    with pytest.raises(OutputError, match="this very process"):
        claim(file, "two")


def test_a_file_that_another_program_has_locked_is_left_alone_and_says_which(file, monkeypatch):
    file.write_text("records")
    command = [sys.executable, "-c", READ, file]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as reader:
        assert reader.stdout is not None
        reader.stdout.readline()
        who = rf"by python\S* on {os.uname().nodename}, process {reader.pid}, since (\S+); wait"
        with pytest.raises(OutputError, match=who) as refusal:
            require_free(file, "the history")
        since = datetime.datetime.fromisoformat(re.findall(r"since (\S+);", str(refusal.value))[0])
        # A process has begun by now, and a clock is read to the second.
        assert -2 < (datetime.datetime.now(datetime.UTC) - since).total_seconds() < 600
        # A process that has ended in the mean time hides none that is there.
        ended = f"1: FLOCK ADVISORY WRITE 999999999 00:00:{file.stat().st_ino} 0 EOF\n"
        locks = file.with_name("locks")
        locks.write_text(ended + pathlib.Path("/proc/locks").read_text())
        monkeypatch.setattr(lockers, "_LOCKS", locks)
        with pytest.raises(OutputError, match=f"process {reader.pid}"):
            require_free(file, "the history")
        locks.unlink()
        # Another machine's locks have no process here, and not every system tells of locks.
        monkeypatch.setattr(lockers, "_LOCKS", file.with_name("none"))
        with pytest.raises(OutputError, match="written by a program that has it open; wait"):
            require_free(file, "the history")
        reader.kill()
    assert [each.name for each in file.parent.iterdir()] == ["h.nc"]


def test_where_no_lock_can_be_the_run_goes_on_with_a_warning(file, claim, caplog):
    lock = file.parent / ".h.nc.lock"
    for make in (lambda: lock.mkdir(), lambda: lock.symlink_to("x"), lambda: lock.write_text("x")):
        make()
        claim(file, "the history")
        assert "the history cannot be claimed" in caplog.text
        caplog.clear()
        if lock.is_dir():
            lock.rmdir()
        else:
            lock.unlink()
    assert not list(file.parent.iterdir())


def test_of_two_that_begin_at_once_one_gets_the_file(file):
    begin, won, lost = threading.Barrier(8), [], []

    def contend():
        mine = Claims()
        begin.wait()
        try:
            mine.take(file, "the history")
            won.append(mine)
        except OutputError:
            lost.append(mine)

    threads = [threading.Thread(target=contend) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(lost)) == (1, 7)
    won[0].release()
    assert not list(file.parent.iterdir())
