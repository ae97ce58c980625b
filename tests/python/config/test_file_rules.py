"""What can be read and written is told before the run begins."""

from __future__ import annotations

import os

import pytest

from ngcm_coupler.engine import parse
from ngcm_coupler.errors import ConfigError


def faults(text: str) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        parse(text)
    return list(raised.value.faults)


@pytest.mark.parametrize("name", ["sub/", "h.nc/", "out/.", "/proc/x.nc", "/sys/x.nc"])
def test_an_output_file_can_be_made(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    own = name.startswith("/")
    problem = "the system's own; give another folder" if own else "a folder; give a file in it"
    for key in ("&ngcm_history file", "&ngcm_restart write_file"):
        group, word = key.split()
        (fault,) = faults(f"{group} {word} = '{name}' /")
        assert f"{key} = '{name}' " in fault and fault.endswith(problem)


@pytest.mark.parametrize("group", ["ngcm_restart read_file", "ngcm_grid sea_grid_file"])
def test_what_is_no_file_is_not_waited_for(group, tmp_path):
    os.mkfifo(tmp_path / "f")
    for name, kind in ((tmp_path / "f", "a pipe"), ("/dev/zero", "a device")):
        (fault,) = faults(f"&{group} = '{name}' /")
        assert fault.endswith(f"= '{name}' is {kind}, and no file; give a file")
