"""Ensembles: a member is the same run alone, in company, and on whatever rank it lives."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import textwrap

import jax
import numpy as np
import pytest

from ngcm_coupler.component import Component
from ngcm_coupler.config import parse
from ngcm_coupler.config.run_groups import Ensemble
from ngcm_coupler.device.ensemble import SHARED, batched, member_key, over_members
from ngcm_coupler.device.leaves import named_leaves
from ngcm_coupler.device.members import Members
from ngcm_coupler.errors import ConfigError, DivergedError
from ngcm_coupler.files.netcdf import import_netcdf4

pytestmark = pytest.mark.slow

ANALYTIC = """\
&ngcm_model engine = 'analytic', analytic_latitudes = 8, random_seed = 7 /
&ngcm_log level = 'error' /
"""
NOISE = "perturbation_kelvin = 0.5"


def created(tmp_path, ensemble: str, more: str = "") -> Component:
    namelist = tmp_path / "run.nml"
    namelist.write_text(f"{ANALYTIC}&ngcm_ensemble {ensemble}, {NOISE} /\n{more}")
    return Component.create(str(namelist))


def imports_of(component: Component) -> dict[int, np.ndarray]:
    """What the initial surface has, by the number of the field."""
    given = {}
    for number, row in enumerate(component.fields, 1):
        if row.direction == "import":
            given[number] = np.empty(component.grid.size * component.instances)
            component.get(number, given[number])
    return given


def advanced(component: Component, imports: dict[int, np.ndarray], intervals: int = 2) -> None:
    for _ in range(intervals):
        for number, values in imports.items():
            component.put(number, values)
        component.advance(component.interval_seconds)
    component.wait()


def exports_of(component: Component) -> np.ndarray:
    """All exports as the host gets them, shape (fields, points)."""
    rows = []
    for number, row in enumerate(component.fields, 1):
        if row.direction == "export":
            rows.append(np.empty(component.grid.size * component.instances, np.float32))
            component.get(number, rows[-1])
    return np.stack(rows)


def alone(tmp_path, number: int, imports: dict[int, np.ndarray]) -> np.ndarray:
    component = created(tmp_path, f"members = 1, first_member = {number}")
    advanced(component, imports)
    try:
        return exports_of(component)
    finally:
        component.close()


def variables(file) -> dict[str, np.ndarray]:
    with import_netcdf4().Dataset(file) as data:
        data.set_auto_mask(False)
        return {name: variable[...] for name, variable in data.variables.items()}


@pytest.fixture(scope="module")
def singles(tmp_path_factory) -> list[np.ndarray]:
    """Exports of four runs of one member each, under one surface."""
    folder = tmp_path_factory.mktemp("singles")
    component = created(folder, "members = 1")
    imports = imports_of(component)
    component.close()
    return [alone(folder, number, imports) for number in range(4)]


@pytest.mark.bits
def test_four_members_with_hosts_of_their_own_are_the_four_single_runs(tmp_path, singles):
    component = created(tmp_path, "members = 4, coupling = 'each'")
    assert component.instances == 4
    advanced(component, imports_of(component))
    exports = exports_of(component).reshape(len(singles[0]), 4, -1)
    component.close()
    for number, single in enumerate(singles):
        np.testing.assert_array_equal(exports[:, number], single)
    assert (singles[1] != singles[2]).any() and (singles[0] != singles[1]).any()


@pytest.mark.bits
def test_one_host_gets_the_mean_of_the_members(tmp_path, singles):
    component = created(tmp_path, "members = 4")
    assert component.instances == 1
    advanced(component, imports_of(component))
    expected = np.mean(singles, axis=0, dtype=np.float64).astype(np.float32)
    np.testing.assert_array_equal(exports_of(component), expected)
    component.close()


@pytest.mark.bits
def test_member_does_not_depend_on_where_the_ensemble_begins(tmp_path, singles):
    component = created(tmp_path, "members = 2, first_member = 2, coupling = 'each'")
    advanced(component, imports_of(component))
    exports = exports_of(component).reshape(len(singles[0]), 2, -1)
    np.testing.assert_array_equal(exports, np.stack(singles[2:], axis=1))
    component.close()


@pytest.mark.bits
def test_batch_of_members_agrees_with_members_in_turn(tmp_path, singles):
    """To round-off: a batch is other code, whose sums may be in another order."""
    component = created(tmp_path, "members = 4, coupling = 'each', computed = 'batch'")
    advanced(component, imports_of(component))
    exports = exports_of(component).reshape(len(singles[0]), 4, -1).swapaxes(0, 1)
    rows = [row for row in component.fields if row.direction == "export"]
    component.close()
    for together, single in zip(exports, singles, strict=True):
        for row, one, other in zip(rows, together, single, strict=True):
            # The column loses water as a difference of two contents, 30 kg m-2 in single precision,
            # every 1800 s: a digit in each of the four that the two runs have.
            digits = 4.0 * np.spacing(np.float32(30.0)) / 1800.0
            atol = digits if row.provenance == "budget" else 1e-5 * np.abs(other).max()
            atol = 1e-5 if row.name == "precipitation_debt" else atol
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=atol, err_msg=row.name)


@pytest.mark.bits
@pytest.mark.parametrize("coupling", ["mean", "each"])
def test_restarted_ensemble_goes_on_bit_for_bit(tmp_path, coupling):
    ensemble = f"members = 3, coupling = '{coupling}'"
    whole = created(tmp_path, ensemble)
    imports = imports_of(whole)
    advanced(whole, imports)
    whole.write_restart(str(tmp_path / "middle.nc"))
    advanced(whole, imports)
    whole.write_restart(str(tmp_path / "end.nc"))
    read = f"&ngcm_restart read_file = '{tmp_path}/middle.nc' /\n"
    continued = created(tmp_path, ensemble, read)
    np.testing.assert_array_equal(continued.clock.elapsed_seconds, 7200)
    advanced(continued, imports)
    continued.write_restart(str(tmp_path / "continued.nc"))
    np.testing.assert_array_equal(exports_of(whole), exports_of(continued))
    one, other = variables(tmp_path / "end.nc"), variables(tmp_path / "continued.nc")
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)
    whole.close()
    continued.close()


def test_restart_of_other_members_is_refused_and_they_are_named(tmp_path):
    component = created(tmp_path, "members = 2")
    component.write_restart(str(tmp_path / "two.nc"))
    component.close()
    read = f"&ngcm_restart read_file = '{tmp_path}/two.nc' /\n"
    with pytest.raises(Exception, match="its members list has 0"):
        created(tmp_path, "members = 2, first_member = 1", read)


@pytest.mark.bits
def test_recording_of_a_member_is_that_of_its_single_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    component = created(
        tmp_path,
        "members = 2, first_member = 1",
        "&ngcm_recording file = 'recorded_{member}.nc' /\n"
        "&ngcm_history budget_file = 'budget_{member}.nc' /\n",
    )
    advanced(component, imports_of(component))
    component.close()
    code = "import sys; from ngcm_coupler.cli import main; sys.exit(main())"
    for number in "001", "002":
        command = [sys.executable, "-c", code, "replay", f"recorded_{number}.nc"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    first, second = (variables(f"budget_{number}.nc") for number in ("001", "002"))
    name = "water_evapotranspiration_flux_over_ice_free_sea"
    assert first[name].size == 2 and (first[name] != second[name]).all()


def test_value_that_is_not_finite_names_its_member(tmp_path):
    component = created(tmp_path, "members = 3, first_member = 4")
    resident = component._owner.members
    advanced(component, imports_of(component), 1)
    exports = resident._exports
    component._pending, resident._exports = True, [*exports[:2], exports[2] * np.nan]
    with pytest.raises(Exception, match="the atmosphere of member 6 diverged"):
        component.wait()
    component._pending = False
    component.close()


def test_state_that_is_not_finite_is_never_left_for_a_restart(tmp_path):
    component = created(tmp_path, "members = 2, first_member = 4")
    resident = component._owner.members
    first, second = resident._states
    air = second.atmosphere
    spoilt = dataclasses.replace(air, net_downward_water=air.net_downward_water * np.nan)
    resident._states = [first, dataclasses.replace(second, atmosphere=spoilt)]
    expected = r"no restart .* of member 5 has .*; in the state: .*\.net_downward_water$"
    with pytest.raises(DivergedError, match=expected):
        component.write_restart(str(tmp_path / "restart.nc"))
    assert not (tmp_path / "restart.nc").exists()
    component.close()


@pytest.mark.bits
@pytest.mark.parametrize("coupling", ["mean", "each"])
def test_layout_over_ranks_and_owners_changes_no_bit(tmp_path, coupling):
    """Five members on one owner, on two of two ranks, and on three of four."""
    restarts = []
    for ranks, owners in ((1, 1), (2, 2), (4, 3)):
        (tmp_path / "run.nml").write_text(
            f"{ANALYTIC}&ngcm_ensemble members = 5, coupling = '{coupling}', {NOISE} /\n"
            f"&ngcm_device owners_per_node = {owners} /\n"
            "&ngcm_history file = 'history.nc', budget_file = 'budget_{member}.nc' /\n"
        )
        (tmp_path / "host.py").write_text(HOST)
        done = subprocess.run(
            ["mpirun", "-n", str(ranks), sys.executable, "-m", "mpi4py", "host.py", str(owners)],
            cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        files = ["restart.nc", "history.nc", *(f"budget_{number:03d}.nc" for number in range(5))]
        restarts.append([variables(tmp_path / file) for file in files])
    for others in restarts[1:]:
        for one, other in zip(restarts[0], others, strict=True):
            assert one.keys() == other.keys()
            for name in one:
                np.testing.assert_array_equal(one[name], other[name], err_msg=name)
    assert restarts[0][0]["exports"].shape[0] == 5
    assert restarts[0][0]["host.salt"].shape == ((5 if coupling == "each" else 1), 8 * 16)


@pytest.mark.bits
@pytest.mark.long
@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_members_of_the_published_model_are_its_single_runs(tmp_path, noise):
    """The demo checkpoint, whose random fields make its members others without any noise."""

    def exports(ensemble: str, imports: dict[int, np.ndarray] | None = None):
        (tmp_path / "run.nml").write_text(
            f"&ngcm_log level = 'error' / &ngcm_ensemble {ensemble}, perturbation_kelvin = {noise},"
            " coupling = 'each' /"
        )
        component = Component.create(str(tmp_path / "run.nml"))
        given = imports_of(component) if imports is None else imports
        advanced(component, given)
        values = exports_of(component).reshape(-1, component.instances, component.grid.size)
        component.close()
        return values, given

    single, imports = exports("members = 1")
    four, _ = exports("members = 4", {k: np.tile(row, 4) for k, row in imports.items()})
    np.testing.assert_array_equal(four[:, 0], single[:, 0])
    for number in (1, 2, 3):
        single, _ = exports(f"members = 1, first_member = {number}", imports)
        np.testing.assert_array_equal(four[:, number], single[:, 0])
        assert (four[:, number] != four[:, 0]).any()


HOST = textwrap.dedent(
    """
    import sys
    import numpy as np
    from mpi4py import MPI
    from ngcm_coupler.component import Component

    comm = MPI.COMM_WORLD
    component = Component.create("run.nml", comm.py2f())
    assert component._owners.count == int(sys.argv[1])
    assert ("jax" in sys.modules) == component._owners.is_owner
    total = component.grid.size * component.instances
    mine = np.arange(1 + comm.rank, total + 1, comm.size, dtype=np.int32)
    component.set_partition(np.random.default_rng(comm.rank).permutation(mine).astype(np.int32))
    values = np.empty(component._host.points.mine.size)
    for _ in range(2):
        for name in ("sea_surface_temperature", "sea_ice_area_fraction"):
            component.get(component.field_id(name), values)
            # Every host of its own is another one.
            if name == "sea_surface_temperature":
                values += 0.01 * (component._host.points.mine // component.grid.size)
            component.put(component.field_id(name), values)
        component.advance(component.interval_seconds)
    salt = 35.0 + component._host.points.mine.astype(float)
    component.save("salt", salt)
    component.write_restart("restart.nc")
    component.close()
    """
)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("&ngcm_history budget_file = 'b.nc' /", "put {member} in it"),
        ("&ngcm_recording file = 'r.nc' /", "put {member} in it"),
        (
            "&ngcm_ensemble members = 2, coupling = 'each' /"
            "&ngcm_oasis exports = 'air_temperature' /",
            "not possible through OASIS",
        ),
    ],
)
def test_settings_that_members_cannot_share_are_refused(text, fault):
    if "members" not in text:
        text += " &ngcm_ensemble members = 2 /"
    with pytest.raises(ConfigError, match=fault):
        parse(f"&ngcm_model engine = 'analytic' / {text}")


def test_control_has_the_key_of_the_run_without_an_ensemble_and_others_their_own():
    keys = [tuple(jax.random.key_data(member_key(3, number)).tolist()) for number in range(50)]
    assert keys[0] == tuple(jax.random.key_data(jax.random.key(3)).tolist())
    assert len(set(keys)) == 50


def test_members_are_a_batch_on_a_gpu_and_in_turn_on_a_cpu():
    assert batched(Ensemble(), "gpu") and not batched(Ensemble(), "cpu")
    assert batched(Ensemble(computed="batch"), "cpu")
    assert not batched(Ensemble(computed="in_turn"), "gpu")


def test_a_batch_computes_spectra_when_they_are_due_and_not_in_every_step():
    """A branch on what members share stays one, where each would be computed for every member."""
    config = parse(
        f"{ANALYTIC}&ngcm_ensemble members = 2, {NOISE} /"
        "&ngcm_radiation scheme = 'rrtmgp', coarsening = 8 /"
    )
    members = Members(config, (0, 1))
    state = members._template()
    batch = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct((2, *leaf.shape), leaf.dtype), state)
    imports = jax.ShapeDtypeStruct(
        (len(config.coupling.imports), members.atmosphere.grid.size), float
    )
    assert set(SHARED) <= {name for name, _ in named_leaves(state)}
    branches = [
        str(jax.make_jaxpr(advance)(members.atmosphere.parameters, given, imports)).count(" cond[")
        for advance, given in (
            (members._interval.advance, state),
            (over_members(members._interval.advance, None), batch),
        )
    ]
    assert branches[0] == branches[1] > 0
