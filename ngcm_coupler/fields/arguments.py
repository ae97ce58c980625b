"""What a host hands over, taken for what it is or refused with the remedy.

A host in Python may give anything. Whatever is no array of numbers, or no path, is an error of the
project's own here, so that no later line stumbles over it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ngcm_coupler.errors import ArgumentError, either, near_names, quoted, represented, shown

_FLOATS = (np.float32, np.float64)


def numbers(name: str, values: ArrayLike) -> np.ndarray:
    """Takes real numbers from anything that numpy can make an array of.

    Args:
      name: what messages call the values.
      values: an array, a list, an xarray.DataArray and the like, of any real type. A masked array
        is taken if none of its points is masked: what a masked point holds is nobody's choice.

    Returns:
      float32 or float64, of the same shape; the array itself if it is of such a type.

    Raises:
      ArgumentError: these are no real numbers, or some are masked.
    """
    array = values if type(values) is np.ndarray else _array(name, values)
    if array.dtype in _FLOATS:
        return array
    if array.dtype.kind not in "fiu":
        raise ArgumentError(
            f"{name}: got a {type(values).__name__} of type {array.dtype}, expected real numbers;"
            " give an array of float32 or float64"
        )
    return array.astype(np.float64)


def indices(name: str, values: ArrayLike) -> np.ndarray:
    """Takes whole numbers from anything that numpy can make an array of.

    Args:
      name: what messages call the values.
      values: whole numbers, of any integer type; none at all may be of any type.

    Returns:
      int64, as a vector.

    Raises:
      ArgumentError: these are no whole numbers, or some are masked.
    """
    array = _array(name, values)
    if array.size and array.dtype.kind not in "iu":
        raise ArgumentError(
            f"{name}: got a {type(values).__name__} of type {array.dtype}, expected whole numbers;"
            " give an array of int64"
        )
    return array.astype(np.int64).reshape(-1)


def truths(name: str, values: ArrayLike) -> np.ndarray:
    """Takes yes and no from anything that numpy can make an array of.

    Args:
      name: what messages call the values.
      values: of bool, or zeros and ones of any real type.

    Returns:
      bool, of the same shape.

    Raises:
      ArgumentError: these are neither, or some are masked.
    """
    array = _array(name, values)
    if array.dtype.kind not in "biuf" or not np.isin(array, (0, 1)).all():
        raise ArgumentError(
            f"{name} is of type {array.dtype}, expected true and false; give an array of bool"
        )
    return array.astype(bool)


def is_whole_number(value: object) -> bool:
    """Whether a value counts something: neither truth nor a span of time, which numpy calls so."""
    if isinstance(value, (bool, np.timedelta64)):
        return False
    return isinstance(value, (int, np.integer))


def require_choice(name: str, got: object, known: Sequence[str]) -> None:
    """Refuses what is none of a few words.

    Args:
      name: what messages call it.
      got: what a host has given.
      known: the words.

    Raises:
      ArgumentError: it is none of them.
    """
    if isinstance(got, str) and got in known:
        return
    near = near_names(got, known) if isinstance(got, str) else []
    raise ArgumentError(
        f"{name} is {quoted(got)}, expected one of {', '.join(known)}"
        f"{f'; did you mean {either(near)}?' if near else '; choose one'}"
    )


def require_index(name: str, got: object, size: int) -> None:
    """Refuses what is no place among so many, counted from 0.

    Raises:
      ArgumentError: it is none.
    """
    if not is_whole_number(got) or not 0 <= int(got) < size:  # pyright: ignore[reportArgumentType]
        raise ArgumentError(f"{name} is {quoted(got)}, expected a whole number, 0 to {size - 1}")


def require_writable(name: str, out: object) -> None:
    """Refuses what a field cannot be written into.

    Raises:
      ArgumentError: `out` is no array of float32 or float64, is masked, or may not be changed.
    """
    if isinstance(out, np.ndarray) and not isinstance(out, np.ma.MaskedArray):
        if out.dtype in _FLOATS and out.flags.writeable:
            return
        got = f"an array of {out.dtype}{'' if out.flags.writeable else ' that is read-only'}"
    else:
        got = f"a {type(out).__name__}"
    raise ArgumentError(
        f"{name}: out is {got}, expected a numpy array of float32 or float64 that may be written;"
        " leave it out to get a new one"
    )


def path_text(name: str, path: str | os.PathLike[str]) -> str:
    """Takes a path as text.

    Args:
      name: what messages call it.
      path: text, or an object that stands for a path.

    Raises:
      ArgumentError: it is neither, or nothing that a file can be called.
    """
    try:
        text = os.fsdecode(path)
    except TypeError as error:
        raise ArgumentError(
            f"{name}: got {represented(path)}, expected the path of a file, a str or a pathlib.Path"
        ) from error
    if not text:
        raise ArgumentError(f"{name}: got '', expected the path of a file; name one")
    if "\0" in text:
        raise ArgumentError(f"{name}: got {text!r}, expected the path of a file, without NUL in it")
    return text


def file_text(name: str, path: str | os.PathLike[str], *, optional: bool = False) -> str:
    """Takes the path of a file that netCDF is to read or write, as text.

    Args:
      name: what messages call it.
      path: text, or an object that stands for a path.
      optional: whether it may be empty, for no file.

    Raises:
      ArgumentError: it is neither, nothing that netCDF takes, or can only be that of a folder.
    """
    if optional and isinstance(path, str | bytes) and not path:
        return ""
    text = path_text(name, path)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ArgumentError(
            f"{name}: got {text!a}, expected the path of a file in UTF-8, which netCDF needs;"
            " give the file another name"
        ) from error
    if text.rpartition("/")[2] in ("", ".", ".."):
        raise ArgumentError(f"{name}: got {text!r}, expected the path of a file; name one")
    return text


def _array(name: str, values: ArrayLike) -> np.ndarray:
    try:
        array = _with_mask(values)
    except Exception as error:  # an object may raise anything on being asked for its values
        raise ArgumentError(
            f"{name}: numpy makes no array of a {type(values).__name__} ({shown(error)}); give an"
            " array of numbers"
        ) from error
    masked = np.ma.count_masked(array) if isinstance(array, np.ma.MaskedArray) else 0
    if masked:
        raise ArgumentError(
            f"{name}: got a masked array in which {masked} of {array.size} points are masked,"
            " expected a value everywhere; give x.filled(value): where a field does not count, as"
            " that of the sea on land, any value does, NaN too"
        )
    return np.asarray(array)


def _with_mask(values: Any) -> np.ndarray:
    """An array that is masked where the values are.

    numpy.asarray would take what is under the mask: of masked arrays and of what makes one when it
    is asked for its values, as a variable of an open file does or an array of dask.
    """
    if isinstance(values, (list, tuple)):
        parts = [_with_mask(each) if _may_hide(each) else each for each in values]
        return np.ma.array(parts) if any(map(np.ma.isMaskedArray, parts)) else np.asarray(values)
    if hasattr(values, "__dask_graph__"):
        values = values.compute()
    return np.asanyarray(values)


def _may_hide(value: object) -> bool:
    """Whether an element may have a mask, itself or further in: a number of no kind has."""
    return isinstance(value, (list, tuple)) or (
        hasattr(value, "__array__") and not isinstance(value, np.generic)
    )
