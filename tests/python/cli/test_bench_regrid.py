"""``ngcm-coupler bench regrid`` measures what docs/regridding.md shows."""

import importlib.util
import json
import re

import pytest
from project import ROOT

from ngcm_coupler.cli.bench import regrid
from ngcm_coupler.cli.bench.options import Options
from ngcm_coupler.regrid.analytic_fields import FIELDS

PAGE = (ROOT / "docs" / "regridding.md").read_text()


@pytest.fixture(scope="module")
def results():
    grids = regrid._GRIDS
    regrid._GRIDS = grids[:1]
    try:
        return json.loads(json.dumps(regrid.measure(Options(repeats=1))))
    finally:
        regrid._GRIDS = grids


@pytest.mark.slow
def test_costs_are_ordered_quartiles(results):
    (row,) = results["grids"]
    assert (row["atmosphere"], row["ocean"]) == ("128x64", "182x149")
    quartiles = [row["weights_s"]]
    for direction in ("to_surface", "to_atmosphere"):
        tasks = row["fields_ms"][direction]
        assert {*tasks} == {"fresh", "over", "side_by_side", "scipy", "fill"}
        quartiles += tasks.values()
    if importlib.util.find_spec("yac") is not None:
        quartiles += [row["yac_weights_s"], *row["yac_ms"].values()]
    for low, middle, high in quartiles:
        assert 0.0 < low <= middle <= high
    assert 10.0 < row["memory_mib"] < 1000.0


@pytest.mark.slow
def test_misfits_fall_with_the_order_of_the_method(results):
    misfits = results["misfits"]
    for index in range(len(FIELDS)):
        assert misfits["conservative_second_order"][index] < misfits["conservative"][index] / 2.0


@pytest.mark.slow
def test_the_page_shows_the_tables_that_are_printed(results):
    # Without YAC its columns are missing, which come last.
    headers = re.findall(r"^\| atmosphere \|.*$", regrid.text(results), re.MULTILINE)
    assert len(headers) == 2
    for header in headers:
        assert header.removesuffix(" |") in PAGE
