"""A namelist is read by the package as gfortran reads it, or refused, however it is spoilt."""

from __future__ import annotations

import collections
import dataclasses
import math
import random
import re
import shutil
from typing import Any

import f90nml
import pytest
from config import fortran_reader, namelist_mutator
from project import ROOT

from ngcm_coupler.config import GROUPS, Config, parse
from ngcm_coupler.config.keys import keys
from ngcm_coupler.config.namelist import read, text_of
from ngcm_coupler.config.settings import ATTRIBUTES, PROGRAMS
from ngcm_coupler.errors import ConfigError

pytestmark = pytest.mark.skipif(shutil.which("gfortran") is None, reason="needs gfortran")

COUNT = 400
"""Spoilt namelists in the light test; 100,000 have been read by hand."""

_PASSED_OVER = re.compile(
    "there is no group|outside of any group|stands twice|holds no group"
    "|Fortran (?:finds|does not find)|carriage|has an empty place|control character"
)
"""Faults of what Fortran does not read, or as nobody means it: a group's name misspelt or in a
string, a key after the end of its group, lines in a comment, a place without a value, for which
Fortran keeps what it has, and a character that nobody sees."""


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return fortran_reader.build(tmp_path_factory.mktemp("fortran"))


@pytest.fixture(scope="module")
def strict(program):
    return fortran_reader.build(program.parent, fallback=False)


def seeds() -> list[bytes]:
    """Valid namelists: the examples without and with all that may stand in them."""
    texts = [path.read_text() for path in sorted(ROOT.glob("namelists/*.nml"))]
    oasis = parse(next(text for text in texts if "ngcm_oasis" in text), with_files=False)
    whole = dataclasses.replace(oasis, named=frozenset(GROUPS)).resolved_text()
    # The one spelling that is the package's own, in a group that no program of the project reads.
    whole = whole.replace("  pressure_levels_hpa = ''\n", "")
    host = "&my_host remark = 'it''s mine', levels = 3*1.0 / for nobody else\n"
    return [text.encode() for text in (*texts, whole, host + whole)]


def by_the_package(path) -> Config | ConfigError:
    try:
        return parse(read(str(path)), "spoilt", with_files=False)
    except ConfigError as error:
        return error


def by_fortran(readings, text: bytes) -> Config | None:
    """What Fortran reads, if each group ended well and every value is allowed."""
    groups = []
    for group, reading in readings.items():
        if reading.error > 0 or (
            reading.error < 0 and re.search(rb"(?i)[&$]%b\b" % group.encode(), text)
        ):
            return None
        if reading.error < 0:
            continue
        if any(
            value is None or (isinstance(value, tuple) and None in value)
            for value in reading.values.values()
        ):
            return None
        values = reading.values.items()
        groups.append(f"&{group}\n" + "".join(f" {k} = {text_of(v)}\n" for k, v in values) + "/\n")
    try:
        return parse("".join(groups), with_files=False)
    except ConfigError:
        return None


def differences(config: Config, readings, text: bytes) -> list[str]:
    """Where the package has accepted what Fortran reads otherwise or not at all."""
    found, read_here = [], {*PROGRAMS, "ngcm_oasis"}
    if re.search(rb"(?i)[&$]oasis_ocean\b", text):
        read_here |= {"ngcm_coupling", "ngcm_grid"}
    for group, reading in readings.items():
        settings = getattr(config, ATTRIBUTES[group])
        if group not in read_here:
            continue
        if reading.error > 0:
            found.append(f"&{group}: iostat {reading.error}")
        for name in keys(GROUPS[group]) if reading.error <= 0 else ():
            here, there = getattr(settings, name), reading.values[name]
            if isinstance(here, tuple):  # lists are in groups that are read for other keys
                continue
            if here != there and not (isinstance(here, float) and math.isnan(here)):
                found.append(f"&{group} {name}: {here!r}, Fortran: {there!r}")
    return found


def campaign(program, strict, folder, count, first=0):
    """Reads `count` spoilt namelists both ways.

    Returns the numbers of outcomes, what should not be, and the faults of what Fortran has read.
    """
    texts, numbers = seeds(), random.Random(first)
    tally, bad, refused = collections.Counter(), [], []
    for begin in range(0, count, 200):
        files = []
        for number in range(begin, min(begin + 200, count)):
            file = folder / f"{first + number}.nml"
            file.write_bytes(namelist_mutator.mutated(numbers, numbers.choice(texts)))
            files.append(file)
        every = (fortran_reader.read(each, files) for each in (program, strict))
        for file, readings, unaided in zip(files, *every, strict=True):
            config, data = by_the_package(file), file.read_bytes()
            tally["inputs"] += 1
            accepted = isinstance(config, Config)
            if accepted:
                tally["accepted"] += 1
                if found := differences(config, readings, data):
                    bad.append((data, found))
                if parse(config.resolved_text(), with_files=False) != config:
                    bad.append((data, ["the resolved text is of another"]))
            if by_fortran(readings, data) is not None:
                tally["allowed values"] += 1
                if accepted or is_read(config, unaided, data):
                    tally["read by Fortran"] += 1
                    tally["read by both"] += accepted
                    if not accepted:
                        refused.append(config.faults[0])
            file.unlink()
    return tally, bad, refused


def is_read(error: ConfigError, unaided, text: bytes) -> bool:
    """Whether whatever is written has a value, the same for Fortran and an independent reader."""
    if _PASSED_OVER.search(error.faults[0]):
        return False
    try:
        others: Any = f90nml.reads(text.decode(errors="surrogateescape"))
    except Exception:
        return False
    for group, values in others.items():
        for name, other in values.items() if group in unaided else ():
            here = unaided[group].values.get(name)
            plain = [each.rstrip() if isinstance(each, str) else each for each in _listed(other)]
            if plain != _listed(here):
                return False
    return True


def _listed(value) -> list:
    return list(value) if isinstance(value, tuple | list) else [value]


@pytest.mark.slow
def test_spoilt_namelists_are_read_as_fortran_reads_them_or_refused(program, strict, tmp_path):
    tally, bad, refused = campaign(program, strict, tmp_path, COUNT)
    assert bad == []
    assert tally["accepted"] > COUNT / 10
    assert tally["read by both"] > 0.97 * tally["read by Fortran"], refused


SOUND = {
    "windows": "&ngcm_driver\r\n run_hours = 48\r\n/\r\n",
    "doubled line ends": "&ngcm_driver\r\r\n run_hours = 48\r\r\n/\r\r\n",
    "byte order mark": "\ufeff&ngcm_driver run_hours = 48 /\n",
    "carriage returns between": "&ngcm_driver\r run_hours\r=\r48\r/ \n",
    "a comma first": "&ngcm_driver, run_hours = 48 /\n",
    "a string of two lines": "&ngcm_history file = 'a\n  b.nc' / &ngcm_driver run_hours = 48 /\n",
    "no line end": "&ngcm_driver run_hours = 48 /",
    "tabs and capitals": "\t&NGCM_Driver\tRUN_HOURS\t=\t48\t/",
    "dollars": "$ngcm_driver run_hours = 48 $end\n",
    "end": "&ngcm_driver run_hours = 48 &END\n",
    "a count": "&ngcm_driver run_hours = 1*48 /\n",
    "the same twice": "&ngcm_driver run_hours = 48 run_hours = 48 /\n",
    "an equals sign on the next line": "&ngcm_driver run_hours\n = 48 /\n",
    "a slash in a string": "&ngcm_history file = 'a/b.nc' / &ngcm_driver run_hours = 48 /\n",
    "a remark in a string": "&ngcm_history file = 'it''s !.nc'\n/ &ngcm_driver run_hours = 48 /\n",
    "letters of Latin 1 in comments": "! d\udce9but\n&ngcm_driver run_hours = 48 / d\udce9but\n",
    "letters of French in a string": "&ngcm_history file = 'été' /&ngcm_driver run_hours = 48 /\n",
    "lists": "&ngcm_history fields = 2*'rainfall_flux', /\n&ngcm_driver run_hours = 48, /\n",
}
"""Texts in which everybody finds a run of 48 hours."""


def test_what_is_unusual_and_sound_has_the_same_values_for_both(program, tmp_path):
    files = []
    for number, text in enumerate(SOUND.values()):
        files.append(tmp_path / f"{number}.nml")
        files[-1].write_bytes(text.encode(errors="surrogateescape"))
    for name, file, readings in zip(SOUND, files, fortran_reader.read(program, files), strict=True):
        assert readings["ngcm_driver"].values["run_hours"] == 48, name
        if name != "lists":  # of which one names a field twice
            config = by_the_package(file)
            assert isinstance(config, Config), name
            assert config.driver.run_hours == 48, name
            assert differences(config, readings, file.read_bytes()) == [], name


REMARKS = {
    "&ngcm_driver run_hours = ! of a day\n 48 /\n": False,
    "&ngcm_driver run_hours =\n ! of two days\n 48 /\n": True,
    "&ngcm_driver run_hours = 48, ! two days\n hours_per_line = 1 /\n": True,
    "&ngcm_oasis exports = 'rainfall_flux', ! rain\n 'snowfall_flux' /\n": False,
    "&ngcm_oasis exports = 'rainfall_flux' ! rain\n 'snowfall_flux' /\n": True,
    "&ngcm_oasis exports = 'rainfall_flux',\n ! snow\n 'snowfall_flux' /\n": True,
    "&ngcm_history fields = 'rainfall_flux', ! rain\n 'snowfall_flux' /\n": True,
}
"""Where comments may stand: gfortran reads no value after one that follows = or a comma."""


def test_a_comment_stands_where_programs_that_read_the_group_can_read_on(program, tmp_path):
    for text, sound in REMARKS.items():
        file = tmp_path / "run.nml"
        file.write_text(text)
        (readings,) = fortran_reader.read(program, [file])
        config = by_the_package(file)
        assert isinstance(config, Config) == sound, (text, config)
        if not sound:
            assert "gfortran reads no value after the comment ! " in str(config)
        if "history" not in text:  # which no program of the project reads
            assert all(reading.error <= 0 for reading in readings.values()) == sound, text
