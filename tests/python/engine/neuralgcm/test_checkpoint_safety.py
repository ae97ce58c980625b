"""A pickle runs what it names when it is unpickled; nothing that reads a checkpoint does."""

from __future__ import annotations

import copyreg
import io
import json
import os
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from ngcm_coupler.engine.neuralgcm.checkpoint import read_checkpoint
from ngcm_coupler.engine.neuralgcm.checkpoint.portable import pack
from ngcm_coupler.errors import CheckpointError


class Evil:
    """Pickles as a call of any function."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def text(value: str) -> bytes:
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def array_of(shape: bytes, data: bytes = b"C\x00") -> bytes:
    """Opcodes of a float64 array whose shape is what the opcodes `shape` push."""
    dtype = b"cnumpy\ndtype\n" + text("f8") + b"\x89\x88\x87R"
    dtype += b"(K\x03" + text("<") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    empty = b"cnumpy._core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85C\x01btR"
    return b"\x80\x04" + empty + b"(K\x01" + shape + dtype + b"\x89" + data + b"tb."


def refusal(tmp_path, data: bytes) -> str:
    """Returns the message with which a file of these bytes is refused."""
    path = tmp_path / "model.pkl"
    path.write_bytes(data)
    with pytest.raises(CheckpointError) as raised:
        read_checkpoint(path)
    assert str(path) in str(raised.value)
    return str(raised.value)


def live_payloads(command: str, code: str) -> dict[str, tuple[bytes, str]]:
    """Pickles that run `command` or `code` when unpickled, with what the refusal must name."""
    shell = text(command)
    system = pickle.dumps(Evil(os.system, command), 4)
    object_array = np.array([Evil(os.system, command)], object)
    return {
        "reduce-2": (pickle.dumps(Evil(os.system, command), 2), "'posix.system'"),
        "reduce-4": (system, "'posix.system'"),
        "reduce-5": (pickle.dumps({"params": Evil(os.system, command)}, 5), "'posix.system'"),
        "eval": (pickle.dumps(Evil(eval, code), 4), "'builtins.eval'"),
        "exec": (pickle.dumps(Evil(exec, code), 4), "'builtins.exec'"),
        "inst": (b"\x80\x02(" + shell + b"iposix\nsystem\n.", "opcode INST"),
        "obj": (b"\x80\x02(cposix\nsystem\n" + shell + b"o.", "'posix.system'"),
        "newobj": (
            b"\x80\x02csubprocess\nPopen\n" + text("sh") + text("-c") + shell + b"\x87\x85\x81.",
            "'subprocess.Popen'",
        ),
        "getattr-chain": (
            b"\x80\x04cbuiltins\ngetattr\n(cos\npath\n" + text("os") + b"tR.",
            "'builtins.getattr'",
        ),
        "dotted-name": (
            b"\x80\x04" + text("numpy") + text("ndarray.__class__.__subclasses__") + b"\x93)R.",
            "'numpy.ndarray.__class__.__subclasses__'",
        ),
        "numpy-runstring": (
            b"\x80\x04cnumpy.testing._private.utils\nrunstring\n" + text(code) + b"}\x86R.",
            "'numpy.testing._private.utils.runstring'",
        ),
        "numpy-load": (b"\x80\x04cnumpy\nload\n" + text("x.npy") + b"\x85R.", "'numpy.load'"),
        "pickle-loads": (pickle.dumps(Evil(pickle.loads, system), 4), "'_pickle.loads'"),
        "object-array": (pickle.dumps(object_array, 4), "dtype 'O8'"),
        "scalar-of-objects": (
            b"\x80\x04cnumpy._core.multiarray\nscalar\ncnumpy\ndtype\n"
            + text("O") + b"\x89\x88\x87R" + b"B" + struct.pack("<I", len(system)) + system
            + b"\x86R.",
            "dtype 'O'",
        ),
        "jax-array-of-a-function": (
            b"\x80\x04cjax._src.array\n_reconstruct_array\n(cposix\nsystem\n"
            + shell + b"\x85}}tR.",
            "'posix.system'",
        ),
    }  # fmt: skip


@pytest.fixture
def marker(tmp_path):
    return tmp_path / "it-ran"


def payload(name: str, marker) -> tuple[bytes, str]:
    code = f"__import__('pathlib').Path({str(marker)!r}).touch()"
    return live_payloads(f"touch {marker}", code)[name]


@pytest.mark.parametrize("name", list(live_payloads("", "")))
def test_hostile_pickle_is_refused_by_name_and_does_not_run(tmp_path, marker, name):
    data, named = payload(name, marker)
    message = refusal(tmp_path, data)
    assert named in message
    assert "Nothing in the file was run" in message
    assert not marker.exists()


LIVE = ["reduce-2", "reduce-4", "reduce-5", "eval", "exec", "inst", "obj", "object-array"]
LIVE += ["numpy-runstring", "pickle-loads"]


@pytest.mark.parametrize("name", LIVE)
def test_those_pickles_would_run_if_unpickled(marker, name):
    """The counter-check: without it the test above could pass on payloads that do nothing."""
    pickle.loads(payload(name, marker)[0])
    assert marker.exists()


def test_extension_opcode_is_refused_even_when_python_has_cached_its_object(tmp_path, marker):
    """`find_class` is not asked for a cached extension, so overriding it would not help."""
    copyreg.add_extension("posix", "system", 0x7F)
    try:
        assert pickle.loads(b"\x80\x02\x82\x7f.") is os.system
        data = b"\x80\x02\x82\x7f" + text(f"touch {marker}") + b"\x85R."
        assert "opcode EXT1" in refusal(tmp_path, data)
    finally:
        copyreg.remove_extension("posix", "system", 0x7F)
        copyreg.clear_extension_cache()
    assert not marker.exists()


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"\x80\x04Pidentity\n.", "opcode PERSID"),
        (b"\x80\x04NQ.", "opcode BINPERSID"),
        (b"\x80\x05\x97.", "opcode NEXT_BUFFER"),
        (b"\x80\x04(\x91.", "opcode FROZENSET"),
        (b"\x80\x04cnumpy\nndarray\n)\x81.", "opcode NEWOBJ"),
        (b"\x80\x04cnumpy\nndarray\n)}\x92.", "opcode NEWOBJ_EX"),
        (b"\x80\x06N.", "pickle protocol 6"),
        (b"\x80\x04K\x01K\x02\x93.", "a global whose name is not text"),
    ],
)
def test_opcode_that_no_checkpoint_needs_is_refused(tmp_path, data, named):
    assert named in refusal(tmp_path, data)


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"\x80\x04cnumpy\nndarray\nK\x02\x85R.", "numpy.ndarray called with unexpected"),
        (b"\x80\x04cnumpy\ndtype\n" + text("f4,O") + b"\x89\x88\x87R.", "dtype 'f4,O'"),
        (b"\x80\x04cnumpy\ndtype\n](K\x01K\x02e\x89\x88\x87R.", "dtype of type list"),
        (b"\x80\x04K\x01K\x02\x85R.", "a call of a int"),
        (b"\x80\x04cnumpy\nndarray\nN}" + text("__new__") + b"Ns\x86b.", "a state for a _Global"),
        (b"\x80\x04}}b.", "a state for a dict"),
        (b"\x80\x04cnumpy\nndarray\n.", "a value of type _Global"),
        (b"\x80\x04C\x01x.", "a value of type bytes"),
        (b"\x80\x04cnumpy\nndarray\nK\x01a.", "items appended to a _Global"),
        (b"\x80\x04]K\x01K\x02s.", "items set in a list"),
        (
            b"\x80\x04cnumpy\ndtype\n"
            + text("f4")
            + b"\x89\x88\x87R(K\x03"
            + text("<")
            + b"NNNK\x00K\x00}tb.",
            "a dtype with fields, subarrays or an unknown state",
        ),
        (b"\x80\x04\x95" + struct.pack("<Q", 3) + b"J\x00\x00\x00\x00.", "end of a frame"),
        (b"\x80\x04\x95" + struct.pack("<Q", 9) + b"N.", "a frame longer than the file"),
        (
            b"\x80\x04\x95" + struct.pack("<Q", 11) + b"\x95" + struct.pack("<Q", 2) + b"N.",
            "a frame inside of another",
        ),
    ],
)
def test_odd_use_of_an_allowed_global_is_refused(tmp_path, data, named):
    assert named in refusal(tmp_path, data)


@pytest.mark.parametrize(
    ("shape", "data", "named"),
    [
        (b"K\x02\x85", b"C\x08" + bytes(8), "16 bytes in shape (2,) with 8 of data"),
        (b"\x8a\x06\x00\x00\x00\x00\x00\x01\x85", b"C\x08" + bytes(8), "with 8 of data"),
        (b"(" + b"\x8a\x08" + b"\xff" * 7 + b"\x7f" + b"\x8a\x08" + b"\xff" * 7 + b"\x7ft",
         b"C\x08" + bytes(8), "with 8 of data"),
        (b"J\xff\xff\xff\xff\x85", b"C\x08" + bytes(8), "not a tuple of sizes"),
        (b"\x8b" + struct.pack("<i", 10**5) + b"\x11" * 10**5 + b"\x85", b"C\x00", "of sizes"),
        (b"(" + b"K\x01" * 1000 + b"t", b"C\x08" + bytes(8), "not a tuple of sizes"),
        (b"K\x01\x85", text("12345678"), "whose data is a str, not bytes"),
        (b"K\x01\x85", b"]", "whose data is a list, not bytes"),
    ],
    ids=["short", "terabytes", "overflow", "negative", "giant", "dimensions", "text", "objects"],
)  # fmt: skip
def test_array_that_does_not_fit_its_bytes_is_refused(tmp_path, shape, data, named):
    assert named in refusal(tmp_path, array_of(shape, data))


@pytest.mark.parametrize(
    ("data", "named"),
    [
        # The C unpickler allocates its memo by the index, here 64 GiB, and fills it.
        (b"\x80\x04}r\xff\xff\xff\xff.", "lacks model_config_str"),
        (b"\x80\x04\x8e" + struct.pack("<Q", 2**40) + b"x.", "damaged pickle"),
        (b"\x80\x05\x96" + struct.pack("<Q", 2**40) + b"x.", "damaged pickle"),
        # Forty tuples, each holding the one before twice.
        (b"\x80\x04)" + b"2\x86" * 40 + b".", "opcode DUP"),
    ],
    ids=["memo", "bytes", "bytearray", "duplicates"],
)
def test_file_that_claims_more_memory_than_it_has_is_refused(tmp_path, data, named):
    assert named in refusal(tmp_path, data)


def test_containers_that_double_with_every_level_are_refused(tmp_path):
    doubled: list = []
    for _ in range(25):
        doubled = [doubled, doubled]
    assert "outgrow the file" in refusal(tmp_path, pickle.dumps({"params": doubled}, 4))


def test_container_that_holds_itself_is_refused(tmp_path):
    endless: list = []
    endless.append(endless)
    assert "nested" in refusal(tmp_path, pickle.dumps({"params": endless}, 4))


@pytest.mark.parametrize("opening", [b"]", b"}" + text("k"), b")"], ids=["list", "dict", "tuple"])
def test_deep_nesting_is_refused(tmp_path, opening):
    depth = 100_000
    closing = {b"]": b"a", b")": b"\x86"}.get(opening, b"s")
    data = b"\x80\x04" + opening * depth + b"N" + closing * depth + b"."
    assert "nested more than 32 deep" in refusal(tmp_path, data)


@pytest.mark.slow
def test_deep_tuple_as_a_key_is_refused_and_does_not_overflow_the_stack(tmp_path):
    """Hashing such a key ends the process of whoever unpickles it."""
    data = b"\x80\x04})" + b"\x85" * 1_000_000 + b"Ns."
    assert "a dict key that is a tuple, not text" in refusal(tmp_path, data)
    assert "dtype of type tuple" in refusal(
        tmp_path, b"\x80\x04cnumpy\ndtype\n)" + b"\x85" * 1_000_000 + b"\x89\x88\x87R."
    )


@pytest.mark.parametrize(
    "opcodes",
    [
        b"",
        b".",
        b"t.",
        b"K\x01\x86.",
        b"NN.",
        b"h\x07.",
        b"\xff.",
        b"(e.",
        b"}(K\x01u.",
        b"R.",
        b"N(\x94t.",
    ],
)
def test_pickle_that_makes_no_sense_is_refused(tmp_path, opcodes):
    assert "damaged pickle" in refusal(tmp_path, b"\x80\x04" + opcodes)


def test_hostile_name_cannot_reach_the_terminal_raw(tmp_path):
    message = refusal(tmp_path, b"\x80\x04" + text("\x1b[2J" + "x" * 500) + text("y") + b"\x93.")
    assert message.isprintable()
    assert len(message) < 400 + len(str(tmp_path))


HUGE = 10**400


def contents() -> dict:
    """A checkpoint of a few numbers that passes every check."""
    field = {"dims": ("longitude", "latitude"), "attrs": {}, "data": [[0.0, 1.0]] * 2}
    coords = {"longitude": [0.0, 180.0], "latitude": [-45.0, 45.0], "level": [500, 1000]}
    return {
        "model_config_str": "A = 1\n",
        "params": {"linear": {"w": np.ones(2, np.float32)}},
        "aux_ds_dict": {
            "coords": {key: {"dims": (key,), "data": value} for key, value in coords.items()},
            "data_vars": {"land_sea_mask": field, "geopotential_at_surface": dict(field)},
        },
    }


def mask(found: dict) -> dict:
    return found["aux_ds_dict"]["data_vars"]["land_sea_mask"]


ODD = {
    "digits": lambda c: mask(c).update(data=[[HUGE, 0], [0, 0]]),
    "digits in an attribute": lambda c: mask(c).update(attrs={"a": -HUGE}),
    "dims of digits": lambda c: mask(c).update(dims=(10**5000, "latitude")),
    "dims of texts": lambda c: mask(c).update(dims=("\x1b" * 9000, "x" * 9000)),
    "many dims": lambda c: mask(c).update(dims=("latitude",) * 9000),
    "dims of lists": lambda c: mask(c).update(dims=[["longitude"]]),
    "text for a number": lambda c: mask(c).update(data=[["\x1b" * 9000] * 2] * 2),
    "names of data": lambda c: c["aux_ds_dict"].update(data_vars={"\x1b" * 9000: 1, "x" * 9000: 2}),
    "name of a module": lambda c: c["params"].update({"\x1b[2J" + "x" * 9000: {"w": "x"}}),
    "name of a parameter": lambda c: c["params"]["linear"].update({"\u202e" + "x" * 9000: None}),
    "names for keys": lambda c: (c.pop("params"), c.update({"x" * 9000: 1, "\n" * 9000: 2})),
    "many names": lambda c: (c.pop("params"), c.update({str(n): 1 for n in range(9000)})),
    "many dimensions": lambda c: mask(c).update(data=np.zeros((1,) * 8)),
    "arrays in an array": lambda c: mask(c).update(data=[np.ones(2), np.ones(3)]),
    "a list of dicts": lambda c: mask(c).update(data=[{}, {}]),
    "gin": lambda c: c.update(model_config_str="import os\n"),
    "gin without end": lambda c: c.update(model_config_str="'" * 9001),
}


@pytest.mark.parametrize("form", ["pickle", "archive"])
@pytest.mark.parametrize("name", ODD)
def test_odd_contents_are_refused_in_a_short_line(tmp_path, name, form):
    found = contents()
    ODD[name](found)
    try:
        data = pickle.dumps(found, 4) if form == "pickle" else pack(found, "0" * 64)
    except ValueError:  # Python writes no integer of thousands of digits
        assert form == "archive" and name == "dims of digits"
        return
    message = refusal(tmp_path, data)
    assert message.isprintable() and message.isascii()
    assert len(message) < 600 + len(str(tmp_path))


def test_those_contents_were_taken_but_for_what_is_odd(tmp_path):
    for data in (pickle.dumps(contents(), 4), pack(contents(), "0" * 64)):
        (tmp_path / "model.pkl").write_bytes(data)
        assert read_checkpoint(tmp_path / "model.pkl").model_config_str == "A = 1\n"


@pytest.mark.parametrize("opcode", [b"S", b"L", b"I", b"F", b"V"])
def test_line_of_megabytes_is_not_told(tmp_path, opcode):
    message = refusal(tmp_path, b"\x80\x02" + opcode + b"\x1b7" * 1_000_000 + b"\n.")
    assert message.isprintable() and len(message) < 600 + len(str(tmp_path))


@pytest.mark.parametrize(
    "opcodes", [b"\x94" * 400_000, b"".join(b"r" + struct.pack("<I", n) for n in range(180_000))]
)
def test_notes_without_end_are_refused(tmp_path, opcodes):
    """Each takes a hundred times what it takes in the file."""
    assert "notes" in refusal(tmp_path, b"\x80\x04]" + opcodes)


def test_array_in_very_many_places_is_refused(tmp_path):
    """Each would be looked through for NaN."""
    found = contents()
    array = np.ones(100_000)
    found["params"] = {"linear": {f"w{number}": array for number in range(10_000)}}
    assert "outgrow the file" in refusal(tmp_path, pickle.dumps(found, 4))


def archive(header: bytes, **entries: bytes) -> bytes:
    """A zip archive with such a header and such files beside it."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as out:
        array = io.BytesIO()
        np.save(array, np.frombuffer(header, np.uint8))
        for name, data in {"header": array.getvalue(), **entries}.items():
            out.writestr(f"{name}.npy", data)
    return stream.getvalue()


def npy(description: str, data: bytes = bytes(8)) -> bytes:
    """An .npy file with such a header."""
    text = description.encode()
    return b"\x93NUMPY\x02\x00" + struct.pack("<I", len(text)) + text + data


FORMAT = "ngcm_coupler checkpoint 1"


@pytest.mark.parametrize(
    ("description", "named"),
    [
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (2,)}", "does not fit its bytes"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (2305843009213693953,)}", "fit its"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (-1, -1)}", "negative"),
        ("{'descr': '|V8', 'fortran_order': False, 'shape': ()}", "which is not numeric"),
        ("{'descr': '<U2', 'fortran_order': False, 'shape': ()}", "which is not numeric"),
        ("{'descr': '<M8[s]', 'fortran_order': False, 'shape': ()}", "which is not numeric"),
        ("{'descr': '|O', 'fortran_order': False, 'shape': ()}", "which is not numeric"),
        ("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': ()}", "is not numeric"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (1" + "0" * 5000 + ",)}", "damaged"),
        ("(" * 100_000, "damaged archive"),
        ("__import__('os')", "damaged archive"),
    ],
)
def test_array_of_an_archive_that_is_none_is_refused(tmp_path, description, named):
    data = archive(json.dumps({"format": FORMAT}).encode(), x=npy(description))
    message = refusal(tmp_path, data)
    assert named in message
    assert message.isprintable() and len(message) < 600 + len(str(tmp_path))


@pytest.mark.parametrize(
    ("header", "named"),
    [
        (b"[" * 100_000, "damaged archive"),
        (b'{"format": "\\u001b[2J' + b"x" * 9000 + b'"}', "the format is"),
        (b'{"format": "' + FORMAT.encode() + b'", "sha256": "../../x"}', "the digest is '../../x'"),
        (b'{"format": "' + FORMAT.encode() + b'", "sha256": 3}', "the digest is 3"),
        (b'{"format": ' + b"9" * 5000 + b"}", "damaged archive"),
    ],
)
def test_header_of_an_archive_that_is_none_is_refused(tmp_path, header, named):
    message = refusal(tmp_path, archive(header))
    assert named in message
    assert message.isprintable() and len(message) < 600 + len(str(tmp_path))


def test_contents_of_an_archive_are_as_deep_and_as_large_as_those_of_a_pickle(tmp_path):
    deep: list = []
    for _ in range(40):
        deep = [deep]
    for odd, named in ((deep, "nested more than 32 deep"), (HUGE, "an integer of too many digits")):
        assert named in refusal(tmp_path, pack({"params": odd}, "0" * 64))


def test_device_is_not_read():
    if Path("/dev/zero").is_char_device():
        with pytest.raises(CheckpointError, match="cannot be read .it is a device; name a file"):
            read_checkpoint("/dev/zero")
