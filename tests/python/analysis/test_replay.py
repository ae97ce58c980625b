"""Recordings and ``ngcm-coupler replay``: what a run has met is met again, and only that."""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
import subprocess
import sys
import textwrap

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ngcm_coupler.cli import main
from ngcm_coupler.component import Component
from ngcm_coupler.engine.analytic import AnalyticAtmosphere
from ngcm_coupler.errors import DataError, DivergedError, OutputError
from ngcm_coupler.files.netcdf import import_netcdf4
from ngcm_coupler.output.recording import Recording

pytestmark = pytest.mark.slow

NAMELIST = """
&ngcm_model engine = 'analytic', analytic_latitudes = 8, analytic_step_seconds = 1800 /
&ngcm_coupling interval_seconds = 3600 / &ngcm_radiation scheme = 'host' /
&ngcm_recording file = '{file}' /
"""
SST, ICE = "sea_surface_temperature", "sea_ice_area_fraction"
FIELD = "surface_downward_latent_heat_flux_over_ice_free_sea"


def create(folder, extra=""):
    namelist = folder / "run.nml"
    namelist.write_text(NAMELIST.format(file=folder / "recording.nc") + extra)
    return Component.create(str(namelist))


def get(component, name):
    out = np.empty(component.grid.size)
    component.get(component.field_id(name), out)
    return out


def advance(component, intervals):
    """Intervals over a sea that no one can guess."""
    for _ in range(intervals):
        noise = np.random.default_rng(component.clock.elapsed_seconds).random(component.grid.size)
        component.put(component.field_id(SST), get(component, SST) + noise)
        component.put(component.field_id(ICE), noise)
        component.advance(component.interval_seconds)
    component.wait()


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """The folder of a run of four intervals, with a restart of its middle."""
    folder = tmp_path_factory.mktemp("recorded")
    component = create(folder)
    advance(component, 2)
    component.write_restart(str(folder / "middle.nc"))
    advance(component, 2)
    component.close()
    return folder


@pytest.fixture
def copy(recorded, tmp_path):
    """A recording that may be spoilt."""
    return shutil.copy(recorded / "recording.nc", tmp_path / "copy.nc")


def replay(capsys, file, *options):
    code = main(["replay", str(file), *options])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def change(file, name, record, with_checksum):
    """Changes the third value of a field by a little, as another compiler might."""
    recording = Recording(str(file))
    names = {"import": recording.imports, "export": recording.exports}
    recording.close()
    kind = "import" if name in names["import"] else "export"
    with import_netcdf4().Dataset(file, "a") as data:
        values = data[name][record]
        values[0, 2] = np.nextafter(values[0, 2], np.float32(0))
        data[name][record] = values
        if with_checksum:
            digest = hashlib.sha256(np.asarray(values, "<f4").tobytes()).digest()
            row = names[kind].index(name)
            data[f"{kind}_sha256"][record, row] = np.frombuffer(digest, np.uint8)


@pytest.mark.bits
def test_a_replay_comes_out_bit_for_bit(recorded, capsys):
    code, out, _ = replay(capsys, recorded / "recording.nc")
    assert code == 0
    assert "in an environment like this one" in out
    assert out.count(": identical") == 4
    assert out.endswith("4 intervals replayed, all bit for bit as recorded\n")


def test_the_recording_holds_what_the_host_put_and_got(recorded):
    recording = Recording(str(recorded / "recording.nc"))
    assert recording.dates == [f"2000-01-01T0{hour}:00:00" for hour in range(4)]
    assert "analytic_latitudes = 8" in recording.header["namelist"]
    assert recording.header["jax"] == jax.__version__
    noise = np.random.default_rng(3600).random(128).astype(np.float32)
    second = recording.interval(1)
    np.testing.assert_array_equal(second.imports[recording.imports.index(ICE)], noise)
    assert second.exports is not None
    assert second.exports.shape == (len(recording.exports), 128)


def test_a_restart_begins_in_the_middle(recorded, capsys):
    file, middle = recorded / "recording.nc", str(recorded / "middle.nc")
    code, out, _ = replay(capsys, file, "--restart", middle)
    assert code == 0
    assert out.count(": identical") == 2 and "T00" not in out and "T01" not in out
    code, out, _ = replay(capsys, file, "--restart", middle, "--until", "2000-01-01T02:00:00")
    assert code == 1


def test_a_replay_advises_what_it_can_be_given(recorded, tmp_path, capsys):
    other = create(tmp_path, "&ngcm_surface drag_limit = 0.002 /")
    advance(other, 1)
    other.write_restart(str(tmp_path / "other.nc"))
    other.close()
    file = recorded / "recording.nc"
    code, _, err = replay(capsys, file, "--restart", str(tmp_path / "other.nc"))
    assert code != 0 and "belongs to another run" in err and "branch" not in err
    assert "give with --restart a file that the recorded run has written" in err
    if jax.default_backend() == "cpu":
        code, _, err = replay(capsys, file, "--platform", "gpu")
        assert code != 0 and "give --platform cpu" in err and "allow_cpu" not in err
    code, _, err = replay(capsys, file, "--checkpoint", str(file))
    assert code != 0 and "its engine 'analytic' has no checkpoint" in err


def test_from_and_until_choose_what_is_compared(recorded, capsys):
    dates = "--from", "2000-01-01T01:00:00", "--until", "2000-01-01T03:00:00"
    code, out, _ = replay(capsys, recorded / "recording.nc", *dates)
    assert code == 0
    assert out.count(": identical") == 2 and "T00" not in out and "T03" not in out
    code, _, err = replay(capsys, recorded / "recording.nc", "--from", "2001-01-01")
    assert code == 1
    assert "begin 2000-01-01T00:00:00 to 2000-01-01T03:00:00; change --from or --until" in err


def test_a_value_that_comes_out_otherwise_is_named(copy, capsys):
    change(copy, FIELD, 2, with_checksum=True)
    code, out, _ = replay(capsys, copy)
    assert code == 1
    assert out.count(": identical") == 3
    assert "interval from 2000-01-01T02:00:00: 1 of" in out
    (line,) = (line for line in out.splitlines() if FIELD in line)
    assert line.split()[1] == "1" and "point 3 (longitude 45.00, latitude -73.80)" in line
    assert out.endswith("4 intervals replayed, 1 of them otherwise than recorded\n")


def test_another_import_changes_what_comes_after_it(copy, capsys):
    change(copy, SST, 1, with_checksum=True)
    code, out, _ = replay(capsys, copy)
    assert code == 1
    assert "T00:00:00: identical" in out and "T01:00:00: identical" not in out


@pytest.mark.parametrize("name", [SST, FIELD])
def test_a_damaged_value_is_refused(copy, name, capsys):
    change(copy, name, 2, with_checksum=False)
    code, _, err = replay(capsys, copy)
    assert code == 1
    assert f"damaged: {name} in the interval that begins 2000-01-01T02:00:00" in err


def test_a_damaged_state_is_refused(copy, capsys):
    with import_netcdf4().Dataset(copy, "a") as data:
        restart = data["restart"][:]
        restart[restart.size // 2 :] = 0
        data["restart"][:] = restart
    code, _, err = replay(capsys, copy)
    assert code == 1
    assert "restart file" in err


def test_files_that_are_no_recording_are_refused(copy, recorded, tmp_path):
    with pytest.raises(DataError, match="is not a recording"):
        Recording(str(recorded / "middle.nc"))
    with pytest.raises(DataError, match=r"absent\.nc"):
        Recording(str(tmp_path / "absent.nc"))
    copy.write_bytes(copy.read_bytes()[:100])
    with pytest.raises(DataError, match="cannot be read|is not a recording"):
        Recording(str(copy))


def rewritten(file, change):
    """A recording as another program may have written it, of which everything may differ."""
    with import_netcdf4().Dataset(file) as data:
        data.set_auto_maskandscale(False)
        data.set_auto_chartostring(False)
        dims = {name: dim.size for name, dim in data.dimensions.items()}
        attributes = {name: data.getncattr(name) for name in data.ncattrs()}
        variables = {name: [v.dimensions, v[...]] for name, v in data.variables.items()}
    change(attributes, variables)
    with import_netcdf4().Dataset(file, "w") as data:
        for name, size in dims.items():
            data.createDimension(name, size)
        data.setncatts(attributes)
        for name, (names, values) in variables.items():
            data.createVariable(name, values.dtype, names)[...] = values
    return file


def _type(name, kind):
    return lambda _, variables: variables[name].__setitem__(1, variables[name][1].astype(kind))


def _shape(name, dims, values):
    return lambda _, variables: variables.__setitem__(name, [dims, values])


DAMAGE = {
    "nothing": (lambda *_: None, ""),
    "a field of doubles": (_type(SST, "f8"), f"{SST} is of type float64 on interval, lat, lon"),
    "a field of numbers": (_type(FIELD, "i2"), f"{FIELD} is of type int16"),
    "dates as numbers": (_shape("date", ("interval",), np.arange(4)), "date is of type int64 on"),
    "a field of one interval": (_shape(SST, ("lat", "lon"), np.zeros((8, 16), "f4")), "on lat"),
    "no field": (lambda _, variables: variables.pop(ICE), f"it has no variable {ICE}"),
    "no checksums": (lambda _, variables: variables.pop("import_sha256"), "import_sha256"),
    "no restart": (lambda _, variables: variables.pop("restart"), "it has no variable restart"),
    "a restart of text": (_type("restart", "S1"), "restart is of type"),
    "a state that is none": (
        lambda _, variables: variables["state"][1].fill(9), "interval 1 has the state 9"
    ),
    "other names": (lambda attributes, _: attributes.update(imports=SST), "another size"),
    "no names": (lambda attributes, _: attributes.pop("exports"), "its attribute exports is None"),
    "numbers for names": (lambda attributes, _: attributes.update(imports=3), "imports is 3"),
    "many versions": (lambda attributes, _: attributes.update(format_version=[1, 1]), "version"),
    "no version": (lambda attributes, _: attributes.pop("format_version"), "format version (none)"),
    "no namelist": (lambda attributes, _: attributes.pop("header_namelist"), "it has no namelist"),
    "no atmosphere": (lambda attributes, _: attributes.pop("header_atmosphere"), ""),
    "dates of no calendar": (
        lambda _, variables: variables["date"][1].view("u1")[2, :].fill(57), "interval 3 has no d"
    ),
}  # fmt: skip
"""What a readable netCDF file may hold in place of a recording, and how the refusal reads."""


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_readable_file_of_other_types_and_shapes_is_refused(kind, copy, capsys):
    change, expected = DAMAGE[kind]
    code, out, err = replay(capsys, rewritten(copy, change))
    if not expected:
        assert code == 0 and "4 intervals replayed, all bit for bit" in out
        return
    assert code == 1 and expected in err and err.startswith("recording ")
    assert "unexpected" not in err and err.count("\n") == 1


def test_a_recording_cut_short_gives_the_intervals_that_it_holds(copy, capsys):
    copy.write_bytes(copy.read_bytes()[:-16_000])
    code, out, err = replay(capsys, copy)
    assert code == 1
    assert "T02:00:00: identical" in out and " is damaged: " in err
    code, out, err = replay(capsys, copy, "--until", "2000-01-01T03:00:00")
    assert code == 0 and "3 intervals replayed" in out
    code, out, err = replay(capsys, copy, "--until", "2000-01-32")
    assert code == 1 and "--until '2000-01-32' is no date of the calendar" in err


def test_a_file_that_is_elsewhere_on_this_machine_is_asked_for(copy, capsys):
    with import_netcdf4().Dataset(copy, "a") as data:
        text = data.header_namelist.replace("'analytic'", "'neuralgcm'", 1)
        data.header_namelist = text.replace("checkpoint = 'demo'", "checkpoint = '/far/m.pkl'")
    code, _, err = replay(capsys, copy)
    assert code == 1
    assert "needs /far/m.pkl" in err and "--checkpoint" in err


def test_another_environment_is_told(copy, capsys):
    with import_netcdf4().Dataset(copy, "a") as data:
        data.header_jaxlib = "0.0.1"
    change(copy, FIELD, 3, with_checksum=True)
    code, out, _ = replay(capsys, copy)
    assert code == 1
    assert "differs from this one:" in out and "jaxlib  0.0.1" in out
    assert "compare in the environment of the run" in out


def test_a_run_that_diverges_diverges_again_in_the_same_interval(tmp_path, capsys, monkeypatch):
    step = AnalyticAtmosphere.step

    def breaking(self, parameters, state, surface):
        after = step(self, parameters, state, surface)
        breaks = (after.steps == 4) & (np.arange(self.grid.size) == 5)
        temperature = jnp.where(breaks, np.nan, after.air_temperature)
        return dataclasses.replace(after, air_temperature=temperature)

    monkeypatch.setattr(AnalyticAtmosphere, "step", breaking)
    component = create(tmp_path, "&ngcm_device keep_compiled = 'nothing' /")
    advance(component, 1)
    with pytest.raises(DivergedError) as failure:
        advance(component, 1)
    with pytest.raises(DivergedError):
        component.close()
    code, out, _ = replay(capsys, tmp_path / "recording.nc")
    assert code == 0
    assert f"interval from 2000-01-01T01:00:00: fails as recorded: {failure.value}\n" in out
    monkeypatch.undo()
    code, out, _ = replay(capsys, tmp_path / "recording.nc")
    assert code == 1
    assert f"recorded: {failure.value}\n  here: completed" in out


def test_a_run_that_is_killed_leaves_what_it_was_killed_in(tmp_path, capsys):
    program = f"""
        import os, pathlib, signal, numpy as np
        from ngcm_coupler.component import Component
        pathlib.Path("run.nml").write_text({NAMELIST.format(file="recording.nc")!r})
        component = Component.create("run.nml")
        values = np.full(component.grid.size, 280.0)
        component.put(component.field_id({SST!r}), values)
        component.put(component.field_id({ICE!r}), 0.0 * values)
        component.advance(3600)
        component.wait()
        component._owner.members.advance = lambda: os.kill(os.getpid(), signal.SIGKILL)
        component.put(component.field_id({SST!r}), values + 1.5)
        component.advance(3600)
    """
    run = [sys.executable, "-c", textwrap.dedent(program)]
    assert subprocess.run(run, cwd=tmp_path, capture_output=True, check=False).returncode == -9
    recording = Recording(str(tmp_path / "recording.nc"))
    last = recording.interval(1)
    assert last.imports[recording.imports.index(SST), 0] == 281.5
    assert last.exports is None
    code, out, _ = replay(capsys, tmp_path / "recording.nc")
    assert code == 0
    assert "T00:00:00: identical" in out
    assert "T01:00:00: completed here; the recorded run ended in it" in out


def test_a_run_of_two_ranks_that_continues_another_is_replayed_by_one(recorded, tmp_path, capsys):
    program = f"""
        import numpy as np
        from mpi4py import MPI
        from ngcm_coupler.component import Component
        comm = MPI.COMM_WORLD
        component = Component.create("run.nml", comm.py2f())
        mine = np.arange(1 + comm.rank, component.grid.size + 1, 2, dtype=np.int32)[::-1]
        component.set_partition(mine)
        for hour in range(2):
            component.put(component.field_id({SST!r}), 280.0 + hour + 0.01 * mine)
            component.put(component.field_id({ICE!r}), 0.001 * mine)
            component.advance(3600)
        component.close()
    """
    (tmp_path / "host.py").write_text(textwrap.dedent(program))
    middle = f"&ngcm_restart read_file = '{recorded / 'middle.nc'}' /\n"
    (tmp_path / "run.nml").write_text(NAMELIST.format(file="recording.nc") + middle)
    done = subprocess.run(
        ["mpirun", "-n", "2", sys.executable, "-m", "mpi4py", "host.py"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    recording = Recording(str(tmp_path / "recording.nc"))
    sst = recording.interval(1).imports[recording.imports.index(SST)]
    np.testing.assert_allclose(sst, 281.0 + 0.01 * np.arange(1, 129), rtol=1e-6)
    code, out, _ = replay(capsys, tmp_path / "recording.nc")
    assert code == 0
    assert "T02:00:00: identical" in out and "T03:00:00: identical" in out


def test_a_run_that_continues_another_keeps_its_recording(recorded):
    with pytest.raises(OutputError, match="&ngcm_recording file = .* exists"):
        create(recorded, f"&ngcm_restart read_file = '{recorded / 'middle.nc'}' /")


def test_more_intervals_than_the_file_has_room_for_are_damage(copy):
    data = bytearray(copy.read_bytes())
    data[4:12] = (2**40).to_bytes(8, "big")  # where this format has their number
    copy.write_bytes(data)
    with pytest.raises(DataError, match="is longer than the whole file"):
        Recording(str(copy))
