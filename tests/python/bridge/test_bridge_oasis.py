"""The OASIS3-MCT cap beside a partner that sends and keeps what stands in files."""

from __future__ import annotations

import csv
import dataclasses
import pathlib
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable

import numpy as np
import pytest

from ngcm_coupler.component import Component
from ngcm_coupler.fields import FIELDS
from ngcm_coupler.files.netcdf import import_netcdf4
from ngcm_coupler.grid import GaussianGrid

pytestmark = [pytest.mark.oasis, pytest.mark.slow]

GRID = GaussianGrid(64, 32)
SEEN = 64 * 31
"""Points of the ocean's grid: those of the atmosphere, in its order, without the northern row."""

INTERVAL = 3600
SENT = {
    "NG_SST": "O_SST",
    "NG_ICEF": "O_ICE",
    "NG_UOCE": "O_U",
    "NG_VOCE": "O_V",
    "NG_TICE": "O_TICE",
    "NG_AIVDR": "O_ALBV",
    "NG_AIVDF": "O_ALBV",
    "NG_AINDR": "O_ALBN",
    "NG_AINDF": "O_ALBN",
}
"""What the ocean sends, by what the atmosphere receives; one field may become two."""

RECEIVED = {
    "NG_SENO": "O_SEN",
    "NG_LATI": "O_LATI",
    "NG_EVAPS": "O_EVAP",
    "NG_TAUXO": "O_TAUX",
    "NG_PSL": "O_PSL",
}
_NAMES = {row.oasis: row.name for row in FIELDS}
NAMELIST = """\
&ngcm_model engine = 'analytic', analytic_latitudes = 32, analytic_step_seconds = 1800 /
&ngcm_oasis coupling = '{coupling}', exports = {exports}, partner_names = {partners} /
&ngcm_log level = 'warning' /
"""
ICE = np.where(np.arange(SEEN) < 640, np.linspace(1.0, 0.0, SEEN) ** 2, 0.0)
OCEAN = {
    "O_SST": 275.0 + 25.0 * np.cos(np.arange(SEEN) / 300.0) ** 2,
    "O_ICE": ICE,
    "O_U": np.sin(np.arange(SEEN) / 100.0),
    "O_V": np.cos(np.arange(SEEN) / 70.0),
    "O_TICE": 260.0 * ICE,
    "O_ALBV": 0.8 * ICE,
    "O_ALBN": 0.5 * ICE,
}


@dataclasses.dataclass(frozen=True)
class CoupledRun:
    """What is left of a run in its folder."""

    folder: pathlib.Path
    done: subprocess.CompletedProcess[str]

    def received(self, name: str) -> np.ndarray:
        """What the ocean has received, shape (intervals, points)."""
        return np.fromfile(self.folder / f"{name}.received").reshape(-1, SEEN)

    def book(self) -> dict[str, list[float]]:
        """The atmosphere's flux book, field -> integral of each interval."""
        book: dict[str, list[float]] = {}
        with (self.folder / "ngcm_fluxes.csv").open() as file:
            for row in csv.DictReader(file):
                integrals = book.setdefault(row["field"], [])
                assert int(row["seconds"]) == INTERVAL * len(integrals)
                integrals.append(float(row["integral"]))
        return book


Couple = Callable[..., CoupledRun]


@pytest.fixture(scope="module")
def couple(prefix, hosts, coupling, tmp_path_factory) -> Couple:
    """Runs atmosphere and partner in a folder of their own."""
    if not (prefix / "bin/ngcm_oasis_atm").exists() or not (hosts / "oasis_partner").exists():
        pytest.skip("built without OASIS3-MCT: install liboasis3-dev or set OASIS_ROOT")

    def run_both(
        *,
        ranks: int = 1,
        hours: int = 2,
        lag: int = 0,
        groups: str = "",
        entries: dict[str, str] = SENT | RECEIVED,
        taken: Iterable[str] = RECEIVED.values(),
        continued: pathlib.Path | None = None,
        lost: str = "",
        partner_hours: int = 0,
    ) -> CoupledRun:
        folder = tmp_path_factory.mktemp("coupled")
        (folder / "namcouple").write_text(_namcouple(entries, lag, hours * 3600))
        _write_weights(folder / "a2o.nc", GRID.size, SEEN)
        _write_weights(folder / "o2a.nc", SEEN, GRID.size)
        _write_restart(folder / "rsto.nc", OCEAN, (64, 31))
        _write_restart(folder / "rsta.nc", dict.fromkeys(RECEIVED, np.ones(GRID.size)), (64, 32))
        if continued:
            shutil.copy(continued / "rsta.nc", folder)
        for name, values in OCEAN.items():
            values.tofile(folder / f"{name}.sent")
        (folder / "run.nml").write_text(
            NAMELIST.format(
                coupling="concurrent" if lag else "sequential",
                exports=_quoted(_NAMES[alias] for alias in RECEIVED),
                partners=_quoted(f"{_NAMES[ours]} = {o}" for ours, o in (SENT | RECEIVED).items()),
            )
            + coupling("aquaplanet")
            + f"&ngcm_driver run_hours = {hours} /\n{groups}"
        )
        (folder / "partner.nml").write_text(
            f"&partner nlon = 64, nlat = 31, interval_seconds = {INTERVAL},\n"
            f" intervals = {partner_hours or hours},\n"
            f" sends = {_quoted(OCEAN)},\n receives = {_quoted(taken)} /\n"
        )
        if lost:
            (folder / lost).unlink()
        mpirun = "mpirun --oversubscribe --bind-to none --mca mpi_yield_when_idle 1 -n"
        done = subprocess.run(
            [
                *(*mpirun.split(), str(ranks), prefix / "bin/ngcm_oasis_atm", "run.nml"),
                *(":", "-n", "1", hosts / "oasis_partner", "partner.nml"),
            ],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return CoupledRun(folder, done)

    return run_both


@pytest.fixture(scope="module")
def alone(couple) -> CoupledRun:
    """Three hours on one rank; the ocean gets the fluxes of the interval that it is in."""
    run = couple(hours=3, groups="&ngcm_history file = 'history.nc' /\n")
    assert run.done.returncode == 0, run.done.stdout + run.done.stderr
    return run


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _namcouple(entries: dict[str, str], lag: int, seconds: int) -> str:
    """The file; those of one source stand together, as OASIS wants it."""
    lines = [
        f" $NFIELDS\n {len(entries)}\n $END",
        " $NBMODEL\n 2 ngcm ocean\n $END",
        f" $RUNTIME\n {seconds}\n $END",
        " $NLOGPRT\n 0 0\n $END",
        " $STRINGS",
    ]
    for ours, theirs in entries.items():
        if ours in RECEIVED:
            lines.append(f" {ours} {theirs} 1 {INTERVAL} 1 rsta.nc EXPORTED")
            lines.append(f" 64 32 64 31 ngcm ocea LAG={lag}\n P 0 P 0\n MAPPING\n a2o.nc src bfb")
        else:
            lines.append(f" {theirs} {ours} 1 {INTERVAL} 1 rsto.nc EXPORTED")
            lines.append(f" 64 31 64 32 ocea ngcm LAG={INTERVAL}\n P 0 P 0")
            lines.append(" MAPPING\n o2a.nc src bfb")
    return "\n".join([*lines, " $END\n"])


def _write_weights(path: pathlib.Path, sources: int, targets: int) -> None:
    """Each point goes to the one of its number."""
    links = np.arange(1, min(sources, targets) + 1)
    sizes = {"src_grid_size": sources, "dst_grid_size": targets, "num_links": links.size}
    with import_netcdf4().Dataset(path, "w", format="NETCDF3_CLASSIC") as file:
        for name, size in (sizes | {"num_wgts": 1}).items():
            file.createDimension(name, size)
        for name in ("src_address", "dst_address"):
            file.createVariable(name, "i4", ("num_links",))[:] = links
        file.createVariable("remap_matrix", "f8", ("num_links", "num_wgts"))[:] = 1.0


def _write_restart(
    path: pathlib.Path, values: dict[str, np.ndarray], shape: tuple[int, int]
) -> None:
    with import_netcdf4().Dataset(path, "w", format="NETCDF3_CLASSIC") as file:
        for axis, size in zip(("nx", "ny"), shape, strict=True):
            file.createDimension(axis, size)
        for name, points in values.items():
            file.createVariable(name, "f8", ("ny", "nx"))[:] = points.reshape(shape[::-1])


def test_what_the_atmosphere_books_has_arrived(alone):
    assert alone.done.stdout.splitlines()[-1] == "ngcm_oasis_atm: completed 3 intervals"
    assert "No weights lead to 64 of 2048 cells with sea" in alone.done.stdout
    book = alone.book()
    assert book.keys() == RECEIVED.keys() - {"NG_PSL"}  # a state
    assert np.array_equal(alone.received("O_PSL"), _of_history(alone, "NG_PSL")[:, :SEEN])
    ice = np.concatenate([ICE, _of_history(alone, "NG_ICEF")[0, SEEN:]])
    share = {"NG_SENO": 1.0 - ice, "NG_TAUXO": 1.0 - ice, "NG_LATI": ice, "NG_EVAPS": 1.0}
    for name, integrals in book.items():
        flux = _of_history(alone, name)
        assert np.array_equal(alone.received(RECEIVED[name]), flux[:, :SEEN])
        parts = flux * share[name] * GRID.area
        # Two sums of 2048 numbers in double precision, in which large parts cancel.
        round_off = 1.0e-14 * np.abs(parts).sum(axis=1).max()
        assert integrals == pytest.approx(parts.sum(axis=1), rel=0.0, abs=round_off)
        total = INTERVAL * sum(integrals)
        printed = re.search(rf"^ +{name} +(\S+) ", alone.done.stdout, re.MULTILINE)
        assert printed
        assert float(printed[1]) == pytest.approx(total, rel=1.0e-14)


def test_time_is_told_apart(alone):
    table = re.findall(r"^  ([a-z ,]+?) +([\d.]+) +([\d.]+) +([\d.]+)$", alone.done.stdout, re.M)
    assert [row[0] for row in table] == [
        "atmosphere, with its device",
        "waiting for the partner",
        "coupler",
    ]
    # Printed with two decimals.
    assert sum(float(row[3]) for row in table) == pytest.approx(100.0, abs=0.02)


def test_a_point_without_weights_or_ice_keeps_the_initial_surface(alone, tmp_path):
    namelist = tmp_path / "uncoupled.nml"
    text = (alone.folder / "run.nml").read_text()
    namelist.write_text(re.sub(r"(?m)^&ngcm_(oasis|history).*\n", "", text))
    component = Component.create(str(namelist))
    initial = {}
    for name in ("NG_SST", "NG_ICEF", "NG_UOCE", "NG_TICE", "NG_AINDR"):
        number = [row.oasis for row in component.fields].index(name) + 1
        initial[name] = np.empty(GRID.size, np.float32)
        component.get(number, initial[name])
    component.close()
    for name, values in initial.items():
        taken = _of_history(alone, name)
        values = values.copy()
        sent = OCEAN[SENT[name]]
        if name in ("NG_TICE", "NG_AINDR"):
            values[:SEEN][ICE > 0.0] = {"NG_TICE": 260.0, "NG_AINDR": 0.5}[name]
        else:
            values[:SEEN] = sent
        # Single precision; what is of ice has been multiplied by its fraction and divided again.
        np.testing.assert_allclose(taken, np.tile(values, (3, 1)), rtol=2.0e-7, atol=1.0e-30)


def test_ranks_lag_and_restart_leave_the_bits_as_they_are(alone, couple):
    lagged = couple(ranks=2, lag=INTERVAL, groups="&ngcm_restart write_file = 'ngcm.nc' /\n")
    assert lagged.done.returncode == 0, lagged.done.stdout + lagged.done.stderr
    restart = lagged.folder / "ngcm.nc"
    rest = couple(
        hours=1,
        lag=INTERVAL,
        groups=f"&ngcm_restart read_file = '{restart}' /\n",
        continued=lagged.folder,
    )
    assert rest.done.returncode == 0, rest.done.stdout + rest.done.stderr
    for name, integrals in alone.book().items():
        assert lagged.book()[name] + rest.book()[name] == integrals
    # Through a lag of an interval each flux arrives one later, first that of the restart file.
    for name in RECEIVED.values():
        late = np.concatenate([lagged.received(name), rest.received(name)])
        assert np.all(late[0] == 1.0)
        assert np.array_equal(late[1:], alone.received(name)[:2])


def test_ensemble_through_oasis_sends_one_mean_and_restarts_bit_for_bit(alone, couple):
    """Three members under one ocean: on one rank, and on two that share them, cut in two."""
    members = (
        "&ngcm_ensemble members = 3, perturbation_kelvin = 1.0 /\n"
        "&ngcm_device owners_per_node = 2 /\n"
    )
    whole = couple(hours=3, lag=INTERVAL, groups=members)
    assert whole.done.returncode == 0, whole.done.stdout + whole.done.stderr
    write = "&ngcm_restart write_file = 'ngcm.nc' /\n"
    first = couple(ranks=2, lag=INTERVAL, groups=members + write)
    assert first.done.returncode == 0, first.done.stdout + first.done.stderr
    read = f"&ngcm_restart read_file = '{first.folder / 'ngcm.nc'}' /\n"
    rest = couple(
        hours=1, ranks=2, lag=INTERVAL, groups=members + read, continued=first.folder
    )  # fmt: skip
    assert rest.done.returncode == 0, rest.done.stdout + rest.done.stderr
    for name, integrals in whole.book().items():
        assert first.book()[name] + rest.book()[name] == integrals
    assert whole.book() != alone.book()


def test_a_run_that_oasis_ends_has_failed(couple):
    run = couple(lost="namcouple")
    assert run.done.returncode != 0
    assert "OASIS has ended the run" in run.done.stderr
    assert "completed" not in run.done.stdout


def test_a_partner_that_ends_early_ends_the_run(couple):
    # Far more than a first interval takes, which compiles or loads, on a busy machine.
    run = couple(hours=3, partner_hours=1, groups="&ngcm_limits timeout_seconds = 30 /\n")
    assert run.done.returncode == 1
    assert "completed" not in run.done.stdout
    (said,) = re.findall("time-out: .*", run.done.stderr)
    assert "timeout_seconds = 30 of &ngcm_limits; it waits for the ocean, which" in said
    assert "OASIS has ended" not in run.done.stderr


@pytest.mark.parametrize(
    ("code", "file", "told"),
    [
        (0, "debug.root.02", "at the end of debug.root.02; see"),
        (1, "debug.02.000003", "at the end of debug.02.000003; see"),
        (1, "nout.000000", "at the end of nout.000000; see"),
        (1, "ocean.output", "at the end of debug.root.*, debug.*.* or nout.000000; see"),
    ],
)
def test_an_abort_of_any_release_is_explained_and_fails(hosts, tmp_path, code, file, told):
    if not (hosts / "oasis_abort").exists():
        pytest.skip("built without OASIS3-MCT: install liboasis3-dev or set OASIS_ROOT")
    (tmp_path / "namcouple").touch()
    done = subprocess.run(
        ["mpirun", "-n", "1", hosts / "oasis_abort", str(code), file],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert (
        done.stderr.count(f"OASIS has ended the run with code {code}; why stands in the run") == 1
    )
    assert told in done.stderr


def test_an_import_that_the_namcouple_lacks_ends_the_run(couple):
    entries = {name: partner for name, partner in (SENT | RECEIVED).items() if name != "NG_UOCE"}
    run = couple(entries=entries)
    assert run.done.returncode != 0
    assert run.done.stderr.count("NG_UOCE (sea_water_x_velocity)") == 1
    assert "ngcm-coupler namcouple" in run.done.stderr


def test_a_field_that_nobody_takes_ends_the_run(couple):
    run = couple(ranks=2, taken=[name for name in RECEIVED.values() if name != "O_EVAP"])
    assert run.done.returncode != 0
    assert run.done.stderr.count("no other component defines") == 1
    assert "NG_EVAPS" in run.done.stderr


def _of_history(run: CoupledRun, alias: str) -> np.ndarray:
    """A field that the atmosphere has taken or given, shape (intervals, points)."""
    with import_netcdf4().Dataset(run.folder / "history.nc") as file:
        return np.asarray(file[_NAMES[alias]][:], np.float64).reshape(-1, GRID.size)
