"""The atmosphere and the test ocean on ORCA2, as the commands prepare them."""

from __future__ import annotations

import csv
import dataclasses
import gzip
import pathlib
import re
import shutil
import subprocess
from collections.abc import Callable

import numpy as np
import pytest

from ngcm_coupler.cli import buildconfig, main
from ngcm_coupler.fields import FIELDS
from ngcm_coupler.files.netcdf import import_netcdf4

pytestmark = [pytest.mark.oasis, pytest.mark.slow]

ORCA2 = pathlib.Path("/usr/share/doc/liboasis3-doc/examples/test_interpolation/data_oasis3")
OCEAN = (
    "&oasis_ocean write_file = 'state.nc', output_file = 'output.nc', output_interval_hours = 1 /\n"
)


@dataclasses.dataclass(frozen=True)
class Segment:
    """What is left of a run in its folder."""

    folder: pathlib.Path
    done: subprocess.CompletedProcess[str]

    def state(self) -> dict[str, np.ndarray]:
        """The ocean's state at the end."""
        with import_netcdf4().Dataset(self.folder / "state.nc") as file:
            return {name: variable[:].filled() for name, variable in file.variables.items()}

    def book(self, component: str) -> dict[tuple[str, int], float]:
        """A flux book: field and date -> integral over the sea."""
        with (self.folder / f"{component}_fluxes.csv").open() as file:
            return {
                (row["field"].strip(), int(row["seconds"])): float(row["integral"])
                for row in csv.DictReader(file)
            }


@pytest.fixture(scope="module")
def prepared(example_groups, tmp_path_factory) -> pathlib.Path:
    """A folder with the example over the analytic engine for four hours, ready to run."""
    if not ORCA2.exists():
        pytest.skip("ORCA2 is not there: install liboasis3-doc")
    folder = tmp_path_factory.mktemp("orca2")
    (folder / "orca2").mkdir()
    for name in ("grids.nc", "masks.nc", "areas.nc"):
        with gzip.open(ORCA2 / f"{name}.gz") as packed:
            (folder / "orca2" / name).write_bytes(packed.read())
    text = example_groups.replace("run_hours = 48", "run_hours = 4").replace(
        "'restart.nc'", "'r1.nc'"
    )
    engine = "&ngcm_model engine = 'analytic' /\n"
    (folder / "run.nml").write_text(engine + text + OCEAN)
    for command in ("grids", "weights", "namcouple"):
        _command(folder, command)
    return folder


@pytest.fixture(scope="module")
def couple(tmp_path_factory) -> Callable[..., Segment]:
    """Runs both in a copy of a folder, after changes of its namelist, or of the namcouple too."""

    def run_both(
        source: pathlib.Path,
        *changes: tuple[str, str],
        ranks: tuple[int, int] = (1, 1),
        rewrite: bool = False,
    ) -> Segment:
        folder = tmp_path_factory.mktemp("run")
        shutil.copytree(source, folder, dirs_exist_ok=True)
        text = (folder / "run.nml").read_text()
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        (folder / "run.nml").write_text(text)
        if rewrite:
            _command(folder, "namcouple")
        programs = buildconfig.prefix() / "bin"
        launch = ["mpirun", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none"]
        launch += ["--mca", "mpi_yield_when_idle", "1"]
        launch += ["-n", str(ranks[0]), f"{programs}/ngcm_oasis_atm", "run.nml", ":"]
        launch += ["-n", str(ranks[1]), f"{programs}/ngcm_oasis_ocean", "run.nml"]
        done = subprocess.run(
            launch,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Segment(folder, done)

    return run_both


@pytest.fixture(scope="module")
def alone(couple, prepared) -> Segment:
    """Four hours, the ocean on one rank."""
    return _completed(couple(prepared), 4)


def _command(folder: pathlib.Path, name: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main([name, "run.nml"]) == 0


def _completed(segment: Segment, intervals: int) -> Segment:
    lines = segment.done.stdout.splitlines()
    assert segment.done.returncode == 0, segment.done.stdout + segment.done.stderr
    assert f"ngcm_oasis_ocean: completed {intervals} intervals" in lines
    return segment


def _assert_same_state(one: Segment, other: Segment) -> None:
    expected, got = one.state(), other.state()
    assert expected.keys() == got.keys()
    for name, values in expected.items():
        assert np.all(np.isfinite(values))
        np.testing.assert_array_equal(values, got[name], err_msg=name)


def test_ocean_receives_what_the_atmosphere_gives(alone):
    names = dict(re.findall(r"'(\w+) = (\w+)'", (alone.folder / "run.nml").read_text()))
    names = {row.oasis: names[row.name] for row in FIELDS if row.name in names}
    given = {(names[ours], date): sum_ for (ours, date), sum_ in alone.book("ngcm").items()}
    received = alone.book("ocean")
    assert received.keys() == given.keys()
    assert {date for _, date in received} == {0, 3600, 7200, 10800}
    for name in {field for field, _ in received}:
        pairs = [(received[key], given[key]) for key in received if key[0] == name]
        scale = max(abs(given) for _, given in pairs)
        # Sums of 16501 cells, whose signs may differ: some hundred roundings of 1e-16.
        assert scale > 0.0
        assert all(abs(a - b) < 1.0e-12 * scale for a, b in pairs), name


def test_ocean_keeps_the_water_that_it_receives(alone, prepared):
    netcdf = import_netcdf4()
    with (
        netcdf.Dataset(prepared / "areas.nc") as areas,
        netcdf.Dataset(prepared / "masks.nc") as masks,
    ):
        area = np.where(masks["torc.msk"][:] == 0, areas["torc.srf"][:], 0.0)
    with netcdf.Dataset(prepared / "rsto.nc") as start:
        cover = start["OIceFrc"][:].filled()
    # Two metres of ice, where there is more than a trace; rho of ice is 917 kg m-3.
    ice = np.where(cover >= 1.0e-3, 917.0 * 2.0 * cover, 0.0)
    state = alone.state()
    stored = np.sum(area * (state["water_gained_by_sea"] + state["ice_mass"] - ice))
    signs = {"OTotRain": 1.0, "OTotSnow": 1.0, "OTotEvap": -1.0}
    book = alone.book("ocean").items()
    came = 3600.0 * sum(value * signs.get(name, 0.0) for (name, _), value in book)
    # The ice is known to some roundings of 1e-16, and thousands of cells are summed.
    mass = np.sum(area * ice)
    assert stored == pytest.approx(came, rel=0.0, abs=1.0e-13 * mass)
    assert abs(came) > 1.0e-8 * mass


def test_ranks_and_restarts_leave_the_bits_as_they_are(alone, couple, prepared):
    shares = ("&oasis_ocean ", "&oasis_ocean block_points = 27000, ")
    hours = ("run_hours = 4", "run_hours = 2")
    half = _completed(couple(prepared, hours, shares, ranks=(2, 3), rewrite=True), 2)
    (half.folder / "state.nc").rename(half.folder / "middle.nc")
    rest = _completed(
        couple(
            half.folder,
            ("write_file = 'r1.nc'", "read_file = 'r1.nc'"),
            ("&oasis_ocean block_points = 27000,", "&oasis_ocean read_file = 'middle.nc',"),
            ranks=(1, 2),
        ),
        2,
    )
    _assert_same_state(alone, rest)


def test_a_concurrent_run_goes_on_from_the_restart_files_to_the_last_bit(couple, small_example):
    changes = (
        ("coupling = 'sequential'", "coupling = 'concurrent'"),
        ("&ngcm_log", "&oasis_ocean write_file = 'state.nc' /\n&ngcm_log"),
    )
    whole, half = (("run_hours = 3", f"run_hours = {hours}") for hours in (2, 1))
    once = _completed(couple(small_example, *changes, whole, rewrite=True), 2)
    begun = _completed(couple(small_example, *changes, half, ranks=(2, 3), rewrite=True), 1)
    (begun.folder / "state.nc").rename(begun.folder / "middle.nc")
    rest = _completed(
        couple(
            begun.folder,
            ("write_file = 'restart.nc'", "read_file = 'restart.nc'"),
            ("&oasis_ocean ", "&oasis_ocean read_file = 'middle.nc', "),
            ranks=(1, 2),
        ),
        1,
    )
    _assert_same_state(once, rest)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (("run_hours = 4", "run_hours = 5"), "$RUNTIME is 14400 s"),
        (("coupling = 'sequential'", "ocean_step_seconds = 1800"), "has a LAG of 3600 s"),
    ],
)
def test_namcouple_of_another_namelist_is_refused(couple, prepared, change, fault):
    """The atmosphere waits in its definition phase; the ocean speaks and ends both."""
    run = couple(prepared, change, ranks=(1, 2))
    assert run.done.returncode != 0
    assert run.done.stderr.count("ngcm_oasis_ocean: namcouple: ") == 1
    assert fault in run.done.stderr
