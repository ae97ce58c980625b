"""Published checkpoints are pickles; this reads them as data, without unpickling.

A pickle is a program for a small stack machine, and `pickle.load` runs it: it imports and calls
whatever the program names. Restricting `Unpickler.find_class` stops most of that, but not all. The
C unpickler still hands out objects cached for the extension opcodes, still allocates as many
bytes and memo slots as the file asks for, and still overflows the C stack when a deeply nested
tuple is hashed as a key. So the machine here is our own. It knows the opcodes that dicts, lists,
numbers, text and numpy arrays need, and refuses the rest; the globals it knows are tokens of an
enumeration, and "calling" one can only describe an array. Nothing is imported and nothing is run.
"""

from __future__ import annotations

import math
import pickletools
from collections.abc import Iterator
from enum import Enum
from typing import Any, Final

import numpy as np

from ngcm_coupler.errors import CheckpointError, quoted, reason

MAX_DEPTH: Final = 32
"""Deepest nesting that is read; a published checkpoint needs six levels."""

LARGEST_INTEGER: Final = 2**64
"""Larger ones fit no array, and Python itself will not write those of thousands of digits."""

_MAX_DIMENSIONS: Final = 8
_NEWEST_PROTOCOL: Final = 5

_FRAME_BYTES: Final = 9
"""Of the opcode itself, and of the number of bytes that follow."""

_FEW_NOTES: Final = 100_000
_BYTES_OF_A_NOTE: Final = 16
"""Pickle notes its containers and texts for later; each note costs a hundred bytes here."""


class _Refused(Exception):
    """The pickle asks for something that a checkpoint does not need."""


class _Global(Enum):
    """The globals that a checkpoint may name."""

    NDARRAY = "numpy.ndarray"
    DTYPE = "numpy.dtype"
    RECONSTRUCT = "_reconstruct"
    FROMBUFFER = "_frombuffer"
    SCALAR = "scalar"
    JAX_ARRAY = "_reconstruct_array"


_GLOBALS: Final = {
    ("numpy", "ndarray"): _Global.NDARRAY,
    ("numpy", "dtype"): _Global.DTYPE,
    ("jax._src.array", "_reconstruct_array"): _Global.JAX_ARRAY,
    # numpy 1 pickles from numpy.core, numpy 2 from numpy._core; `_frombuffer` is protocol 5.
    ("numpy.core.multiarray", "_reconstruct"): _Global.RECONSTRUCT,
    ("numpy._core.multiarray", "_reconstruct"): _Global.RECONSTRUCT,
    ("numpy.core.multiarray", "scalar"): _Global.SCALAR,
    ("numpy._core.multiarray", "scalar"): _Global.SCALAR,
    ("numpy.core.numeric", "_frombuffer"): _Global.FROMBUFFER,
    ("numpy._core.numeric", "_frombuffer"): _Global.FROMBUFFER,
}

_LITERALS: Final = frozenset(
    {"BINFLOAT", "BININT", "BININT1", "BININT2", "LONG1", "LONG4"}
    | {"SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"}
    | {"SHORT_BINBYTES", "BINBYTES", "BINBYTES8"}
)
"""The opcodes that only put a number, a text or bytes on the stack."""

# Plain numbers only. An object dtype would hold pickled objects of its own.
_DTYPES: Final = frozenset(
    {"b1", "f2", "f4", "f8", *(f"{kind}{size}" for kind in "iu" for size in (1, 2, 4, 8))}
)


def read_pickle(data: bytes, name: str) -> object:
    """Reads a pickle of plain data and numeric arrays.

    Args:
      data: the whole file.
      name: the file's name, for messages.

    Returns:
      Dicts with text keys, lists, tuples, None, bool, int, float, str, and read-only
      `numpy.ndarray`; JAX arrays and numpy scalars come as `numpy.ndarray`.

    Raises:
      CheckpointError: the pickle is damaged, or names or builds anything else.
    """
    try:
        return _Machine(len(data)).run(data)
    except _Refused as error:
        raise CheckpointError(
            f"{name}: refused: {error}; expected only dicts, lists, numbers, text and numeric "
            "arrays. Nothing in the file was run; get the checkpoint from its publisher"
        ) from error
    except Exception as error:  # A damaged file may fail in any step; each failure means the same.
        raise CheckpointError(
            f"{name}: damaged pickle of {len(data)} bytes ({reason(error)}); expected a complete "
            "checkpoint; copy or download the file again"
        ) from error


class _Dtype:
    """A `numpy.dtype` in the making: BUILD gives it its byte order."""

    def __init__(self, code: object) -> None:
        if not isinstance(code, str) or code not in _DTYPES:
            raise _Refused(f"an array of dtype {quoted(code)}")
        self.code = code
        self.byte_order = "="

    def build(self, state: object) -> None:
        """Takes the state of `numpy.dtype.__reduce__`; all but the byte order must be trivial."""
        match state:
            case (3, ("<" | ">" | "|" | "=") as byte_order, None, None, None, int(), int(), int()):
                self.byte_order = byte_order
            case _:
                raise _Refused("a dtype with fields, subarrays or an unknown state")

    def resolve(self) -> np.dtype:
        """Returns the dtype itself."""
        return np.dtype(f"{self.byte_order}{self.code}")


class _Array:
    """A `numpy.ndarray` in the making: BUILD, or `_frombuffer`, gives it shape and bytes."""

    array: np.ndarray | None = None

    def build(self, state: object) -> None:
        """Takes the state of `numpy.ndarray.__reduce__`."""
        match state:
            case (1, shape, dtype, bool(fortran), data):
                self.fill(shape, dtype, fortran, data)
            case _:
                raise _Refused("an array with an unknown state")

    def fill(self, shape: object, dtype: object, fortran: bool, data: object) -> None:
        """Sets the array to `data`, which must have exactly the bytes that the shape needs."""
        if not isinstance(dtype, _Dtype):
            raise _Refused("an array whose dtype is not a numpy.dtype")
        if not isinstance(data, bytes):
            raise _Refused(f"an array whose data is a {type(data).__name__}, not bytes")
        if not (
            isinstance(shape, tuple) and len(shape) <= _MAX_DIMENSIONS and all(map(_is_size, shape))
        ):
            raise _Refused("an array whose shape is not a tuple of sizes")
        resolved = dtype.resolve()
        needed = math.prod(shape) * resolved.itemsize
        if needed != len(data):
            raise _Refused(f"an array of {needed} bytes in shape {shape} with {len(data)} of data")
        self.array = np.ndarray(shape, resolved, buffer=data, order="F" if fortran else "C")


class _Machine:
    """The stack machine: runs the opcodes of one pickle and returns what they describe."""

    def __init__(self, size: int) -> None:
        self.stack: list = []
        self.marks: list[int] = []
        self.memo: dict[int, object] = {}
        # Every value takes a byte of the file at least, and an array all of its own. Much more than
        # the file has means that shared containers were stacked into a tree that doubles with every
        # level, or that one array stands in very many places.
        self.remaining = 2 * size
        self.most_notes = _FEW_NOTES + size // _BYTES_OF_A_NOTE

    def run(self, data: bytes) -> object:
        """Runs the pickle to its end and returns the one value that it leaves."""
        begin = frame_end = 0
        opcodes: Iterator[tuple[pickletools.OpcodeInfo, Any, Any]] = pickletools.genops(data)
        for opcode, argument, position in opcodes:
            if begin < frame_end < position:
                raise _Refused(f"an opcode across the end of a frame (byte {begin})")
            begin = position
            if opcode.name == "FRAME":
                if position < frame_end:
                    raise _Refused(f"a frame inside of another (byte {position})")
                frame_end = position + _FRAME_BYTES + argument
            try:
                self.step(opcode.name, argument)
            except _Refused as error:
                raise _Refused(f"{error} (byte {position})") from error
        if frame_end > len(data):
            raise _Refused("a frame longer than the file")
        (result,) = self.stack
        return self.plain(result, depth=0)

    def step(self, name: str, argument: Any) -> None:
        """Runs one opcode. Pickle's own comments in `pickletools` define each."""
        stack = self.stack
        match name:
            case _ if name in _LITERALS:
                stack.append(argument)
            case "BYTEARRAY8":
                stack.append(bytes(argument))
            case "NONE":
                stack.append(None)
            case "NEWTRUE" | "NEWFALSE":
                stack.append(name == "NEWTRUE")
            case "EMPTY_DICT":
                stack.append({})
            case "EMPTY_LIST":
                stack.append([])
            case "EMPTY_TUPLE":
                stack.append(())
            case "MARK":
                self.marks.append(len(stack))
            case "TUPLE":
                stack.append(tuple(self.pop_to_mark()))
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                stack.append(tuple(self.pop(int(name[-1]))))
            case "APPEND":
                self.extend_list(self.pop(1))
            case "APPENDS":
                self.extend_list(self.pop_to_mark())
            case "SETITEM":
                self.extend_dict(self.pop(2))
            case "SETITEMS":
                self.extend_dict(self.pop_to_mark())
            case "MEMOIZE":
                self.note(len(self.memo))
            case "BINPUT" | "LONG_BINPUT":
                self.note(argument)
            case "BINGET" | "LONG_BINGET":
                stack.append(self.memo[argument])
            case "GLOBAL":
                module, _, qualified_name = argument.partition(" ")
                stack.append(_known_global(module, qualified_name))
            case "STACK_GLOBAL":
                stack.append(_known_global(*self.pop(2)))
            case "REDUCE":
                function, arguments = self.pop(2)
                stack.append(_described(function, arguments))
            case "BUILD":
                (state,) = self.pop(1)
                if not isinstance(self.top, _Array | _Dtype):
                    raise _Refused(f"a state for a {type(self.top).__name__}")
                self.top.build(state)
            case "PROTO" if argument > _NEWEST_PROTOCOL:
                raise _Refused(f"the pickle protocol {argument}")
            case "PROTO" | "FRAME" | "STOP":
                pass
            case _:
                raise _Refused(f"the pickle opcode {name}")

    def note(self, place: int) -> None:
        """Notes what lies on top of the stack."""
        self.memo[place] = self.top
        if len(self.memo) > self.most_notes:
            raise _Refused(f"more than {self.most_notes} notes")

    @property
    def top(self) -> Any:
        """What lies on top of the stack, but nothing from below the last mark."""
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise IndexError("the stack ran empty")
        return self.stack[-1]

    def pop(self, count: int) -> list:
        """Takes `count` values off the stack, but none from below the last mark."""
        start = len(self.stack) - count
        if start < (self.marks[-1] if self.marks else 0):
            raise IndexError("the stack ran empty")
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def pop_to_mark(self) -> list:
        items = self.pop(len(self.stack) - self.marks[-1])
        self.marks.pop()
        return items

    def extend_list(self, items: list) -> None:
        if type(self.top) is not list:
            raise _Refused(f"items appended to a {type(self.top).__name__}")
        self.top.extend(items)

    def extend_dict(self, items: list) -> None:
        if type(self.top) is not dict:
            raise _Refused(f"items set in a {type(self.top).__name__}")
        keys, values = items[::2], items[1::2]
        for key, value in zip(keys, values, strict=True):
            if type(key) is not str:
                raise _Refused(f"a dict key that is a {type(key).__name__}, not text")
            self.top[key] = value

    def plain(self, value: object, depth: int) -> object:
        """Returns `value` with arrays for their descriptions, and no container shared."""
        array = value.array if isinstance(value, _Array) else None
        self.remaining -= 1 if array is None else 1 + array.nbytes
        if self.remaining < 0:
            raise _Refused("containers nested in themselves, or shared until they outgrow the file")
        if depth > MAX_DEPTH:
            raise _Refused(f"containers nested more than {MAX_DEPTH} deep")
        if array is not None:
            return array
        if isinstance(value, dict):
            return {key: self.plain(item, depth + 1) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self.plain(item, depth + 1) for item in value)
        if isinstance(value, int) and abs(value) >= LARGEST_INTEGER:
            raise _Refused(f"an integer of {value.bit_length()} bits")
        if value is None or isinstance(value, bool | int | float | str):
            return value
        raise _Refused(f"a value of type {type(value).__name__}")


def _known_global(module: object, name: object) -> _Global:
    if not (isinstance(module, str) and isinstance(name, str)):
        raise _Refused("a global whose name is not text")
    if (module, name) not in _GLOBALS:
        raise _Refused(f"the pickle names the global {quoted(f'{module}.{name}')}")
    return _GLOBALS[module, name]


def _is_size(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**63


def _described(function: object, arguments: object) -> _Array | _Dtype:
    """Returns what a call of an allowed global describes. Only these forms of call exist."""
    array = _Array()
    match function, arguments:
        case _Global.DTYPE, (code, bool(), bool()):
            return _Dtype(code)
        case _Global.RECONSTRUCT, (_Global.NDARRAY, (0,), b"b"):
            pass  # An empty array, which BUILD fills.
        case _Global.FROMBUFFER, (data, dtype, shape, ("C" | "F") as order):
            array.fill(shape, dtype, order == "F", data)
        case _Global.SCALAR, (dtype, data):
            array.fill((), dtype, False, data)
        case _Global.JAX_ARRAY, (_Global.RECONSTRUCT, (_Global.NDARRAY, (0,), b"b"), state, dict()):
            # The last argument holds JAX's own attributes, which differ between its releases.
            array.build(state)
        case _Global(), _:
            raise _Refused(f"{function.value} called with unexpected arguments")
        case _:
            raise _Refused(f"a call of a {type(function).__name__}")
    return array
