"""Files are replaced as a whole, and nothing that is no file ever is."""

from __future__ import annotations

import os
import pathlib
import socket

import pytest

from ngcm_coupler.files import Grown, kind_of, replaced, write_text


def write(path):
    with replaced(path) as temporary:
        temporary.write_text("new")


def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path):
    file = tmp_path / "a"
    for old in (None, "old"):
        if old:
            file.write_text(old)
        write(file)
        assert file.read_text() == "new"
        assert [each.name for each in tmp_path.iterdir()] == ["a"]


def test_a_failure_leaves_the_old_file_and_no_other(tmp_path):
    file = tmp_path / "a"
    file.write_text("old")

    def fail():
        with replaced(file) as temporary:
            temporary.write_text("half")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert file.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("kind", ["a pipe", "a socket", "a folder", "a link to a device"])
def test_what_is_no_file_is_refused_and_stays(tmp_path, kind, monkeypatch):
    place = tmp_path / "a"
    monkeypatch.chdir(tmp_path)  # the name of a socket must be short
    if kind == "a pipe":
        os.mkfifo(place)
    elif kind == "a socket":
        with socket.socket(socket.AF_UNIX) as made:
            made.bind("a")
    elif kind == "a folder":
        place.mkdir()
    else:
        place.symlink_to("/dev/null")
        kind = "a device"
    before = place.lstat()
    assert kind_of(place) == kind
    with pytest.raises(OSError, match=f"it is {kind}; name a file"):
        write(place)
    assert (before.st_mode, before.st_ino) == (place.lstat().st_mode, place.lstat().st_ino)
    assert len(list(tmp_path.iterdir())) == 1


def test_devices_and_streams_are_no_files():
    assert kind_of(pathlib.Path("/dev/null")) == "a device"
    assert kind_of(pathlib.Path("/dev/stdout")) == "a stream of this process"
    with pytest.raises(OSError, match="a device"):
        write(pathlib.Path("/dev/null"))
    assert pathlib.Path("/dev/null").is_char_device()


def test_a_text_is_written_whole_through_a_link_and_into_a_pipe(tmp_path):
    kept, link, pipe = tmp_path / "kept", tmp_path / "a", tmp_path / "b"
    kept.write_text("old")
    link.symlink_to(kept)
    write_text(link, "new")
    assert link.is_symlink() and kept.read_text() == "new"
    with pytest.raises(UnicodeEncodeError):
        write_text(kept, "\u00e4", "ascii")
    assert kept.read_text() == "new" and len(list(tmp_path.iterdir())) == 2
    os.mkfifo(pipe)
    with pipe.open("r+b", buffering=0) as reader:
        write_text(pipe, "a line\n")
        assert reader.read(7) == b"a line\n"
    with pytest.raises(OSError, match="it is a folder"):
        write_text(tmp_path, "new")


@pytest.mark.parametrize("name", ["a" * 255, "é" * 127])
def test_a_name_may_be_as_long_as_the_disk_takes(name, tmp_path):
    with replaced(tmp_path / name) as temporary:
        temporary.write_text(str(temporary).encode().decode())  # which netCDF asks of a name
    assert [each.name for each in tmp_path.iterdir()] == [name]


def test_the_file_that_a_link_leads_to_stays(tmp_path):
    kept, link = tmp_path / "kept", tmp_path / "a"
    kept.write_text("old")
    link.symlink_to(kept)
    write(link)
    assert (kept.read_text(), link.read_text()) == ("old", "new")


def test_a_file_that_grows_is_refused_after_somebody_elses_hand(tmp_path):
    file = tmp_path / "a"
    file.write_text("records")
    grown = Grown(str(file))
    with file.open("a") as more:
        more.write(" and more")
    grown.require_whole()
    grown.note()
    os.truncate(file, 10)
    with pytest.raises(OSError, match="truncated while the run was writing it"):
        grown.require_whole()
    (tmp_path / "b").write_text("records of another")
    (tmp_path / "b").rename(file)
    assert not grown.is_there
    with pytest.raises(OSError, match="removed or replaced"):
        grown.require_whole()
    file.unlink()
    assert not grown.is_there
    with pytest.raises(FileNotFoundError):
        grown.require_whole()
