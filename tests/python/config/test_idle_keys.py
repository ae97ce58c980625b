"""Keys without effect: refused, as nothing that a namelist says is ignored."""

from __future__ import annotations

import pytest
from config.refusal import faults

from ngcm_coupler.config import KEYS, Where
from ngcm_coupler.engine import parse

ANALYTIC = "&ngcm_model engine = 'analytic' /\n"


@pytest.mark.parametrize(
    ("engine", "idle"),
    [
        ("analytic", ["checkpoint = 'no.pkl'", "initial_state = 'no.nc'", "dycore = 'upstream'"]),
        ("neuralgcm", ["analytic_latitudes = 64", "analytic_step_seconds = 600"]),
    ],
)
def test_what_an_engine_does_not_read_is_refused(engine, idle):
    keys = "\n".join(idle)
    assert faults(f"&ngcm_model engine = '{engine}'\n{keys} /") == [
        f"test.nml:{line}: &ngcm_model {key} is without effect: &ngcm_model engine = '{engine}'"
        " does not read it; take it out, or name another engine"
        for line, key in enumerate(idle, start=2)
    ]


IDLE = {
    "ngcm_history": {
        "file": ["file_period = 'year'", "fields = 'air_temperature'", "interval_hours = 6",
                 "record = 'mean'", "compression_level = 4", "level_fields = 'temperature'"],
        "level_fields": ["pressure_levels_hpa = 850"],
    },
    "ngcm_restart": {
        "read_file": ["branch = .true."],
        "folder": ["interval_hours = 6", "keep = 1"],
    },
    "oasis_ocean": {"output_file": ["output_interval_hours = 6"]},
}  # fmt: skip
"""Group -> key -> keys that are about it."""


def test_a_key_without_what_it_is_about_is_refused():
    needing = {where: key.needs for where, key in KEYS.items() if key.needs}
    for group, keys in IDLE.items():
        for needed, others in keys.items():
            for other in others:
                assert faults(f"&{group} {other} /") == [
                    f"test.nml:1: &{group} {other} is without effect: &{group} {needed} is empty;"
                    " give it, or take this out"
                ]
                assert needing.pop(Where(group, other.split()[0])) == needed
    assert not needing
    parse("&ngcm_history interval_hours = 0, record = 'instant' / &ngcm_restart keep = 3 /")


def test_the_text_of_a_run_elsewhere_may_hold_what_is_without_effect():
    text = ANALYTIC.replace("/", "checkpoint = 'no.pkl' /") + "&ngcm_history record = 'mean' /"
    assert parse(text, with_files=False).history.record == "mean"
