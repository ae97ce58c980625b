"""Paths that can be no file are refused by name wherever the public functions take one."""

from __future__ import annotations

import os
import pathlib

import numpy as np
import pytest

import ngcm_coupler
from ngcm_coupler.engine.neuralgcm.checkpoint import write_checkpoint
from ngcm_coupler.errors import ArgumentError, CheckpointError, DataError, NgcmError, OutputError
from ngcm_coupler.fields.arguments import file_text
from ngcm_coupler.regrid.weights import Weights, read_weights

WEIGHTS = Weights(1, 1, np.array([0]), np.array([0]), np.array([1.0]))
READERS = {
    "grid": ngcm_coupler.read_surface_grid,
    "weights": read_weights,
    "regridder": ngcm_coupler.Regridder.from_file,
    "written weights": lambda path: ngcm_coupler.write_weights(WEIGHTS, path),
}


@pytest.mark.parametrize("take", READERS.values(), ids=READERS)
@pytest.mark.parametrize(
    "path",
    ["", ".", "..", "/", "folder/", "nul\0", "\udcff.nc", b"\xe9.nc", pathlib.Path(), 3, None],
)
def test_what_can_be_no_file_is_an_argument_error(take, path):
    with pytest.raises(ArgumentError, match="^(grid|weight) file: got "):
        take(path)


@pytest.mark.parametrize("path", ["", "nul\0", 3, None])
def test_what_can_be_no_checkpoint_is_an_argument_error(path):
    for call in (ngcm_coupler.read_checkpoint, lambda path: write_checkpoint(None, path)):
        with pytest.raises(ArgumentError, match="^checkpoint: got "):
            call(path)


@pytest.mark.parametrize("path", [".", "/", "\udcff", "/dev/null"])
def test_a_checkpoint_that_is_no_file_is_refused(path):
    with pytest.raises(CheckpointError):
        ngcm_coupler.read_checkpoint(path)


@pytest.mark.parametrize(
    "read", [ngcm_coupler.read_surface_grid, ngcm_coupler.read_checkpoint, read_weights]
)
@pytest.mark.parametrize("path", ["one\ntwo", "x" * 100_000, "x/" * 50_000 + "x"])
def test_a_path_neither_splits_nor_fills_the_message_of_a_reader(read, path):
    with pytest.raises(NgcmError) as caught:
        read(path)
    (line,) = str(caught.value).splitlines()
    assert len(line) < 1000


def test_weights_replace_no_pipe_and_no_device(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, kind in ((tmp_path / "pipe", "a pipe"), ("/dev/null", "a device")):
        with pytest.raises(OutputError, match=f"it is {kind}; name a file"):
            ngcm_coupler.write_weights(WEIGHTS, path)
    assert (tmp_path / "pipe").is_fifo() and pathlib.Path("/dev/null").is_char_device()


def test_nobody_waits_for_what_comes_out_of_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for read in (ngcm_coupler.read_surface_grid, read_weights):
        with pytest.raises(DataError, match="it is a pipe"):
            read(tmp_path / "pipe")
    with pytest.raises(CheckpointError, match="it is a pipe"):
        ngcm_coupler.read_checkpoint(tmp_path / "pipe")
    with pytest.raises(CheckpointError, match="it is a device"):
        ngcm_coupler.read_checkpoint("/dev/zero")


def test_a_path_is_text_however_it_is_given(tmp_path):
    for path in (tmp_path / "a", str(tmp_path / "a"), bytes(tmp_path / "a")):
        assert file_text("it", path) == str(tmp_path / "a")
    assert file_text("it", "température.nc".encode()) == "température.nc"
