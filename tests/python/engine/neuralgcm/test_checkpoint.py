"""Reading, checking and converting checkpoints."""

from __future__ import annotations

import contextlib
import io
import pickle
import random
import struct
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from ngcm_coupler.engine.neuralgcm.checkpoint import (
    demo_checkpoint_path,
    read_checkpoint,
    write_checkpoint,
)
from ngcm_coupler.errors import CheckpointError, OutputError

PROTOCOLS = (4, 5)


def small_contents() -> dict:
    """A checkpoint of a few numbers that passes every check."""
    coords = {
        "longitude": {"dims": ("longitude",), "attrs": {}, "data": [0.0, 90.0, 180.0, 270.0]},
        "latitude": {"dims": ("latitude",), "attrs": {}, "data": [-45.0, 45.0]},
        "level": {"dims": ("level",), "attrs": {}, "data": [500, 1000]},
    }
    field = {"dims": ("longitude", "latitude"), "attrs": {"units": "1"}}
    field["data"] = [[0.1 * column, 1.0 / 3.0] for column in range(4)]
    return {
        "model_config_str": "N_SIGMA_LAYERS = 32\n",
        "params": {
            "tower/~/linear_0": {
                "w": np.arange(6, dtype=np.float32).reshape(2, 3),
                "b": np.array([0.5, -0.0], np.float64),
            },
        },
        "aux_ds_dict": {
            "coords": coords,
            "attrs": {"experiment": 64299848, "note": None, "done": True, "missing": float("nan")},
            "dims": {"longitude": 4, "latitude": 2, "level": 2},
            "data_vars": {
                "land_sea_mask": dict(field),
                "geopotential_at_surface": dict(field),
            },
        },
    }


@pytest.fixture
def save(tmp_path):
    """Returns a function that pickles contents and returns the path of the file."""

    def save(contents: object, protocol: int = 4):
        path = tmp_path / "model.pkl"
        path.write_bytes(pickle.dumps(contents, protocol))
        return path

    return save


def assert_same(got: object, expected: object) -> None:
    """Equal in value, type, order of keys, dtype and every bit of every array."""
    assert type(got) is type(expected)
    if isinstance(expected, dict):
        assert isinstance(got, dict)
        assert list(got) == list(expected)
        for key in expected:
            assert_same(got[key], expected[key])
    elif isinstance(expected, list | tuple):
        assert isinstance(got, list | tuple)
        assert len(got) == len(expected)
        for one, other in zip(got, expected, strict=True):
            assert_same(one, other)
    elif isinstance(expected, np.ndarray):
        assert isinstance(got, np.ndarray)
        assert (got.dtype, got.shape) == (expected.dtype, expected.shape)
        assert got.tobytes() == expected.tobytes()
    else:
        assert repr(got) == repr(expected)  # NaN is not equal to itself.


def test_demo_checkpoint_is_read_without_importing_neuralgcm_or_jax():
    code = (
        "import sys; from ngcm_coupler.engine.neuralgcm.checkpoint import read_checkpoint, summary;"
        "summary(read_checkpoint('demo')); print({'neuralgcm', 'jax'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout == "set()\n", result.stderr


def test_demo_checkpoint_holds_what_was_published():
    checkpoint = read_checkpoint("demo")
    assert checkpoint.path == demo_checkpoint_path()
    assert len(checkpoint.params) == 62
    assert checkpoint.coordinate("level").tolist()[-3:] == [950.0, 975.0, 1000.0]
    assert checkpoint.coordinate("longitude").shape == (128,)
    assert checkpoint.model_config_str.startswith("# Macros:")
    # The southernmost row lies on the Antarctic ice sheet, 2 to 4 km high.
    geopotential = np.array(checkpoint.aux_ds_dict["data_vars"]["geopotential_at_surface"]["data"])
    assert geopotential.shape == (128, 64)
    assert 9.8 * 2000 < geopotential[:, 0].mean() < 9.8 * 4000


def test_upstream_builds_the_demo_model_from_what_was_read():
    from neuralgcm.legacy import api

    model = api.PressureLevelModel.from_checkpoint(read_checkpoint("demo").as_dict())
    assert model.timestep == np.timedelta64(1, "h")
    assert model.model_coords.horizontal.nodal_shape == (128, 64)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_pickle_of_this_numpy_is_read_exactly(save, protocol):
    contents = small_contents()
    assert_same(read_checkpoint(save(contents, protocol)).as_dict(), contents)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_jax_arrays_are_read_as_numpy_arrays(save, protocol):
    import jax.numpy as jnp

    contents = small_contents()
    contents["params"] = {"linear": {"w": jnp.arange(6, dtype=jnp.float32).reshape(2, 3)}}
    (array,) = read_checkpoint(save(contents, protocol)).params["linear"].values()
    assert_same(array, np.arange(6, dtype=np.float32).reshape(2, 3))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_pickle_of_numpy_1_is_read(save, protocol):
    contents = small_contents()
    path = save(contents, protocol)
    data = path.read_bytes()
    whole = len(data)
    for module in (b"numpy._core.multiarray", b"numpy._core.numeric"):
        older = module.replace(b"_core", b"core")
        data = data.replace(bytes([len(module)]) + module, bytes([len(older)]) + older)
    assert b"_core" not in data
    if data[2:3] == b"\x95":  # FRAME, with its length: what is pickled here is one
        (frame,) = struct.unpack("<Q", data[3:11])
        data = data[:3] + struct.pack("<Q", frame - whole + len(data)) + data[11:]
    path.write_bytes(data)
    assert_same(read_checkpoint(path).as_dict(), contents)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=np.float16).reshape(2, 3),
        np.arange(6, dtype=">f4").reshape(3, 2),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(12.0).reshape(3, 4)[:, ::2],
        np.zeros((0, 5), np.float32),
        np.array(2.5, np.float32),
    ],
    ids=["half", "big-endian", "fortran-order", "strided", "empty", "no-dimension"],
)
def test_every_layout_of_an_array_survives_reading_and_converting(save, tmp_path, array, protocol):
    contents = small_contents()
    contents["params"] = {"module": {"leaf": array}}
    checkpoint = read_checkpoint(save(contents, protocol))
    assert_same(checkpoint.params["module"]["leaf"], array)
    write_checkpoint(checkpoint, tmp_path / "model.npz")
    assert_same(read_checkpoint(tmp_path / "model.npz").params["module"]["leaf"], array)


def test_numpy_scalars_are_read_as_arrays_without_dimensions(save):
    contents = small_contents()
    contents["aux_ds_dict"]["attrs"] = {"seed": np.int64(7)}
    attributes = read_checkpoint(save(contents)).aux_ds_dict["attrs"]
    assert_same(attributes, {"seed": np.array(7)})


def test_params_cannot_be_overwritten():
    array = next(iter(next(iter(read_checkpoint("demo").params.values())).values()))
    with pytest.raises(ValueError, match="read-only"):
        array[...] = 0.0


@pytest.mark.parametrize("source", ["demo", "small"])
def test_converted_checkpoint_equals_the_published_one(save, tmp_path, source):
    checkpoint = read_checkpoint("demo" if source == "demo" else save(small_contents()))
    write_checkpoint(checkpoint, tmp_path / "model.npz")
    converted = read_checkpoint(tmp_path / "model.npz")
    assert_same(converted.as_dict(), checkpoint.as_dict())
    assert converted.sha256 == checkpoint.sha256
    with np.load(tmp_path / "model.npz", allow_pickle=False) as archive:
        assert "header" in archive.files


def test_converting_twice_gives_the_same_bytes(save, tmp_path):
    checkpoint = read_checkpoint(save(small_contents()))
    for name in ("one.npz", "two.npz"):
        write_checkpoint(checkpoint, tmp_path / name)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


def test_failed_write_leaves_neither_a_file_nor_a_part_of_one(save, tmp_path, monkeypatch):
    def full_disk(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    checkpoint = read_checkpoint(save(small_contents()))
    monkeypatch.setattr("os.fsync", full_disk)
    (tmp_path / "out").mkdir()
    with pytest.raises(OutputError, match="No space left on device"):
        write_checkpoint(checkpoint, tmp_path / "out" / "model.npz")
    assert list((tmp_path / "out").iterdir()) == []


def test_write_into_a_missing_folder_says_so(save, tmp_path):
    checkpoint = read_checkpoint(save(small_contents()))
    with pytest.raises(OutputError, match=r"model\.npz: cannot be written \(there is no su"):
        write_checkpoint(checkpoint, tmp_path / "nowhere" / "model.npz")


@pytest.mark.parametrize("kept", [0, 1, 2, 11, 1000, 0.25, 0.5, 0.9, 0.999, -1])
def test_truncated_pickle_is_refused(tmp_path, kept):
    data = demo_checkpoint_path().read_bytes()
    path = tmp_path / "model.pkl"
    path.write_bytes(data[: int(kept * len(data)) if isinstance(kept, float) else kept])
    with pytest.raises(CheckpointError, match=r"model\.pkl: (damaged pickle|is no checkpoint)"):
        read_checkpoint(path)


def test_damage_anywhere_gives_a_checkpoint_or_a_checkpoint_error(save, tmp_path):
    """No other exception, whatever byte of a pickle or of an archive is wrong."""
    checkpoint = read_checkpoint(save(small_contents()))
    write_checkpoint(checkpoint, tmp_path / "model.npz")
    rng = random.Random(0)
    for path in (tmp_path / "model.pkl", tmp_path / "model.npz"):
        data = path.read_bytes()
        for _ in range(500):
            damaged = bytearray(data)
            for _ in range(rng.randint(1, 3)):
                damaged[rng.randrange(4, len(data))] = rng.randrange(256)
            path.write_bytes(damaged)
            with contextlib.suppress(CheckpointError):
                read_checkpoint(path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is no checkpoint: got a file of 0 bytes"),
        (b"<!DOCTYPE html>", "begins with b'<!DOCTYPE html>'"),
        (b"(dp0\n.", "is no checkpoint"),
        (b"PK\x03\x04", "damaged archive of 4 bytes"),
    ],
    ids=["empty", "web-page", "pickle-protocol-0", "archive-magic-only"],
)
def test_file_that_is_no_checkpoint_is_refused(tmp_path, data, message):
    path = tmp_path / "model.pkl"
    path.write_bytes(data)
    with pytest.raises(CheckpointError) as raised:
        read_checkpoint(path)
    assert message in str(raised.value)


def test_missing_file_and_directory_are_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"none\.pkl: cannot be read \(No such file"):
        read_checkpoint(tmp_path / "none.pkl")
    with pytest.raises(CheckpointError, match=r"cannot be read \(it is a folder"):
        read_checkpoint(str(tmp_path))


@pytest.mark.parametrize("key", ["model_config_str", "params", "aux_ds_dict"])
def test_missing_key_is_named(save, key):
    contents = small_contents()
    del contents[key]
    with pytest.raises(CheckpointError, match=f"lacks {key}; got .*; expected model_config_str"):
        read_checkpoint(save(contents))


def test_keys_that_upstream_does_not_read_are_ignored(save):
    contents = small_contents() | {"step": 12345}
    assert_same(read_checkpoint(save(contents)).as_dict(), small_contents())


def _variable(contents: dict, name: str) -> dict:
    dataset = contents["aux_ds_dict"]
    return (dataset["coords"] | dataset["data_vars"])[name]


FAULTS = {
    "text no text": (
        lambda c: c.update(model_config_str=3),
        "model_config_str: got int; expected text",
    ),
    "no params": (lambda c: c.update(params={}), "params: got no parameters"),
    "flat params": (
        lambda c: c.update(params={"w": np.ones(2)}),
        "params['w']: got ndarray; expected a dict",
    ),
    "deep params": (
        lambda c: c.update(params={"m": {"w": {"x": np.ones(2)}}}),
        "params['m']['w']: got dict; expected an array",
    ),
    "integer params": (
        lambda c: c.update(params={"m": {"w": np.ones(2, np.int32)}}),
        "params['m']['w']: got dtype int32; expected floating point",
    ),
    "NaN in params": (
        lambda c: c.update(params={"m": {"w": np.array([1.0, np.nan])}}),
        "params['m']['w']: got NaN or infinite values",
    ),
    "no dataset": (
        lambda c: c.update(aux_ds_dict=None),
        "aux_ds_dict: got NoneType; expected a dict",
    ),
    "no coords": (
        lambda c: c["aux_ds_dict"].pop("coords"),
        "aux_ds_dict['coords']: got NoneType; expected a dict",
    ),
    "no level": (
        lambda c: c["aux_ds_dict"]["coords"].pop("level"),
        "aux_ds_dict['coords']['level']: got only longitude, latitude",
    ),
    "level of two dimensions": (
        lambda c: _variable(c, "level").update(data=[[500, 1000]]),
        "['level']: got dims ('level',), shape (1, 2)",
    ),
    "longitude out of order": (
        lambda c: _variable(c, "longitude").update(data=[0.0, 180.0, 90.0, 270.0]),
        "['longitude']: got values out of order",
    ),
    "no orography": (
        lambda c: c["aux_ds_dict"]["data_vars"].pop("geopotential_at_surface"),
        "['geopotential_at_surface']: got only land_sea_mask",
    ),
    "wrong dims": (
        lambda c: _variable(c, "land_sea_mask").update(dims=("longitude", "level")),
        "['land_sea_mask']: got dims ('longitude', 'level')",
    ),
    "wrong shape": (
        lambda c: _variable(c, "land_sea_mask").update(data=[[0.0, 1.0]]),
        "['land_sea_mask']: got shape (1, 2); expected shape (4, 2)",
    ),
    "ragged": (
        lambda c: _variable(c, "land_sea_mask").update(data=[[0.0], [0.0, 1.0]]),
        "['land_sea_mask']: got no array of numbers",
    ),
    "text for numbers": (
        lambda c: _variable(c, "land_sea_mask").update(data=[["a", "b"]] * 4),
        "['land_sea_mask']: got no array of numbers",
    ),
    "NaN in a static field": (
        lambda c: _variable(c, "geopotential_at_surface").update(data=[[np.nan, 0.0]] * 4),
        "['geopotential_at_surface']: got NaN or infinite values",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_unusable_contents_are_named_with_what_was_expected(save, fault):
    change, message = FAULTS[fault]
    contents = small_contents()
    change(contents)
    path = save(contents)
    with pytest.raises(CheckpointError) as raised:
        read_checkpoint(path)
    assert message in str(raised.value)
    assert str(path) in str(raised.value)


def test_contents_that_are_no_dict_are_refused(save):
    with pytest.raises(CheckpointError, match="the contents: got list; expected a dict"):
        read_checkpoint(save([small_contents()]))


def _archive(entries: dict[str, np.ndarray], compression: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, array in entries.items():
            buffer = io.BytesIO()
            np.save(buffer, array, allow_pickle=True)
            archive.writestr(f"{name}.npy", buffer.getvalue())
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (_archive({"x": np.ones(3)}), "KeyError: 'header'"),
        (
            _archive({"header": np.array([{}], object)}),
            "an array of 'object', which is not numeric",
        ),
        (_archive({"header": np.frombuffer(b'{"format": "x"}', np.uint8)}), "the format is 'x'"),
        (
            _archive({"x": np.zeros(10**6)}, zipfile.ZIP_DEFLATED),
            "the entries are larger than the file",
        ),
    ],
    ids=["foreign", "object-array", "other-format", "compression-bomb"],
)
def test_foreign_or_hostile_archive_is_refused(tmp_path, data, message):
    path = tmp_path / "model.npz"
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match="damaged archive") as raised:
        read_checkpoint(path)
    assert message in str(raised.value)


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.99])
def test_truncated_archive_is_refused(save, tmp_path, kept):
    path = tmp_path / "model.npz"
    write_checkpoint(read_checkpoint(save(small_contents())), path)
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data))])
    with pytest.raises(CheckpointError, match="damaged archive"):
        read_checkpoint(path)
