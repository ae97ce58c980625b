"""Spoilt files of every kind are taken or refused; and the fuzzer sees what is neither.

A few seeds of each kind run here, `make fuzz` runs the others.
"""

from __future__ import annotations

import faulthandler
import os
import re
import shlex
import signal
import subprocess
import time

import pytest
from fuzz import campaign, worker
from fuzz.__main__ import main
from fuzz.campaign import Tally, table
from fuzz.mutators import blind
from fuzz.subject import Implausible, Subject
from fuzz.subjects import NAMES, subject
from project import ROOT

from ngcm_coupler.errors import DataError

COUNT = 40

PAGE = (ROOT / "docs" / "reliability.md").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_spoilt_files_are_taken_or_refused(name):
    tally = campaign.campaign(subject(name), COUNT)
    assert tally.inputs == COUNT == tally.unchanged + tally.changed + tally.refused
    # Were all refused, or all taken, the valid files or the spoiling would be too crude.
    assert tally.refused > COUNT // 10 and tally.unchanged + tally.changed > 0
    assert not tally.finds


def make(folder):
    (folder / "valid").write_bytes(b"valid" * 20)
    return [folder / "valid"]


def a_subject(use, mutate=lambda random, file: b"spoilt" * 20, exact=False):
    def careful(file):
        return "valid" if file.read_bytes().startswith(b"valid") else use(file)

    return Subject("things", make, mutate, careful, exact)


def die(_):
    faulthandler.disable()  # which would tell of it at length
    os.kill(os.getpid(), signal.SIGSEGV)


def spin(_):
    while True:
        pass


def grow(_):
    return str(len(bytes(1) * (2 * campaign.MEMORY)))


def ask(_):
    try:
        return str(len(bytearray(worker.ADDRESS_SPACE * 2)))
    except MemoryError as error:
        raise DataError("damaged") from error


class AsGiven(DataError):
    """What the project's errors are not: their texts are escaped and have an end."""

    def __str__(self):
        return self.args[0]


def speak(text):
    def use(_):
        raise AsGiven(text)

    return use


def fail(_):
    raise LookupError("no such thing")


def lie(_):
    raise Implausible("more than there is")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("use", "what"),
    [
        (die, "dies of SIGSEGV"),
        (spin, "needs more than 0.5 s"),
        (lambda _: time.sleep(60), "waits for more than 3 s"),
        (grow, "needs more than 20 MB"),
        (ask, "asks for more memory than there may be"),
        (fail, "LookupError"),
        (lie, "implausible: more than there is"),
        (speak("x" * 10_000), "message without end"),
        (speak("clear\x1b[2J"), "message with control characters"),
        (lambda _: "other", "contents are not what the checksum is of"),
    ],
)
def test_what_is_neither_taken_nor_refused_is_found(use, what, monkeypatch, tmp_path):
    monkeypatch.setattr(worker, "PROCESSOR_SECONDS", 0.5)
    monkeypatch.setattr(worker, "WALL_SECONDS", 3.0)
    monkeypatch.setattr(campaign, "MEMORY", 20 << 20)
    said = []
    tally = campaign.campaign(a_subject(use, exact=True), 1, 7, tmp_path, said.append)
    assert list(tally.finds) == [what] and tally.found == 1 == tally.inputs
    assert said[0].startswith(f"things 7: {what}")
    (kept,) = (tmp_path / "things").glob("*-7-valid")
    assert len(kept.read_bytes()) <= len(b"spoilt" * 20)


def test_what_is_taken_or_refused_is_counted():
    def use(file):
        if file.read_bytes()[-1] % 2:
            raise DataError("odd")
        return "changed"

    def mutate(random, file):
        return random.choice((b"valid", b"spoilt\0", b"spoilt\1"))

    tally = campaign.campaign(a_subject(use, mutate), 100)
    assert tally.unchanged + tally.changed + tally.refused == 100 and not tally.finds
    assert min(tally.unchanged, tally.changed, tally.refused) > 10
    row = f"| things | 100 | {tally.unchanged} | {tally.changed} | {tally.refused} | 0 | 0 |"
    assert table([tally]).splitlines()[2] == row


def test_what_only_the_net_of_a_reader_takes_is_counted_as_that():
    def use(file):
        try:
            fail(file)
        except LookupError as error:
            raise DataError("unexpected LookupError: no such thing") from error

    tally = campaign.campaign(a_subject(use), 3)
    assert tally.refused == 3 and tally.by_net == {"LookupError": 3} and not tally.finds


def test_a_seed_gives_the_same_input_again(tmp_path):
    def use(file):
        raise LookupError(file.read_bytes().hex())

    thing = a_subject(use, blind.spoilt)
    details = [[], []]
    for found in details:
        tally = campaign.campaign(thing, 1, 11, None, found.append)
        assert tally.found in (0, 1)
    assert details[0] == details[1]


@pytest.mark.slow
def test_a_find_is_cut_down_to_what_it_takes(tmp_path):
    def use(file):
        if b"!" in file.read_bytes():
            raise LookupError
        return "taken"

    thing = a_subject(use, lambda random, file: b"spoilt" * 9 + b"!" + b"spoilt" * 9)
    tally = campaign.campaign(thing, 1, 0, tmp_path)
    assert tally.finds["LookupError"].data == b"!"


def test_the_command_knows_its_subjects(capsys):
    with pytest.raises(SystemExit):
        main(["everything"])
    assert "recordings" in capsys.readouterr().err


def test_the_page_has_the_table_that_is_printed_with_every_subject():
    header, line = table([]).splitlines()
    assert f"\n{header}\n{line}\n" in PAGE
    rows = PAGE.partition(f"{header}\n{line}\n")[2].partition("\n\n")[0]
    counts = dict(re.findall(r"^\| (\w+) \| ([\d,]+) \|", rows, re.MULTILINE))
    assert [*counts] == [*NAMES]
    assert all(int(count.replace(",", "")) >= 600 for count in counts.values()), "not yet run"
    assert rows.count(" 0 |\n") + rows.endswith(" 0 |") == len(NAMES), "something was found"


@pytest.mark.parametrize(
    "command", re.findall(r"^make .*$", "\n".join(re.findall(r"```sh\n(.*?)```", PAGE, re.S)), re.M)
)
def test_commands_of_the_page_are_understood(command, monkeypatch):
    """What `make` would run is parsed as it is typed, on subjects that take no time."""
    done = subprocess.run(
        # Of a make that runs these tests it would say which folder it is in.
        [
            *shlex.split(command), "--dry-run", "--no-print-directory",
            "--old-file", ".venv/installed",
        ],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    words = shlex.split(done.stdout.replace("\\\n", "").splitlines()[-1])
    if "fuzz" in words:
        run = []
        monkeypatch.setattr("fuzz.__main__.campaign", lambda *of: run.append(of) or Tally("x"))
        assert main(words[words.index("fuzz") + 1 :]) == 0
        assert {each[0].name for each in run} <= {*NAMES} and run
    else:
        assert (ROOT / words[-1]).is_file()
