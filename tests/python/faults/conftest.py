"""A chain of segments in which one has a fault, and the uncut run that it must still become."""

from __future__ import annotations

import pathlib
import re
import shutil

import numpy as np
import pytest
from jobs import LIMIT, Job, sabotage

from ngcm_coupler.cli import buildconfig
from ngcm_coupler.output.restart.files import newest, read_restart

NAMELIST = """\
&ngcm_run start_date = '2000-01-01', stop_date = '2000-01-01T04:00:00' /
&ngcm_model engine = 'analytic', analytic_latitudes = 8 /
&ngcm_coupling
  interval_seconds = 3600
  imports = 'sea_surface_temperature', 'sea_ice_area_fraction', 'sea_ice_surface_temperature',
            'surface_albedo_direct_visible_over_sea_ice',
            'surface_albedo_diffuse_visible_over_sea_ice',
            'surface_albedo_direct_near_infrared_over_sea_ice',
            'surface_albedo_diffuse_near_infrared_over_sea_ice'
/
&ngcm_restart folder = 'restarts', read_file = 'restarts', interval_hours = 1, keep = 9 /
&ngcm_driver run_hours = 24 /
&ngcm_log level = 'warning' /
"""


def restart(hour: int) -> str:
    return f"restart_2000-01-01T{hour:02}0000.nc"


class Segment:
    """The segment from the first hour on, in a folder of its own.

    Attributes:
      folder: that folder.
      job: what runs in it, after `start`.
    """

    def __init__(self, folder: pathlib.Path, reference: pathlib.Path) -> None:
        self.folder, self._reference = folder, reference
        self.job: Job | None = None
        (folder / "restarts").mkdir(parents=True)
        self.hold_first_hour()

    def hold_first_hour(self) -> None:
        """Puts into the folder of restarts what the segment continues from."""
        shutil.copy(self._reference / "restarts" / restart(1), self.folder / "restarts")
        self.point_to(1)

    def point_to(self, hour: int) -> None:
        (self.folder / "restarts" / "latest").write_text(restart(hour) + "\n")

    def start(self, plan: str = "", groups: str = "", ranks: int = 2) -> Job:
        """Starts the driver; `groups` are added to the namelist, or replace its own."""
        text = NAMELIST
        for name in re.findall(r"&(\w+)", groups):
            text = re.sub(rf"&{name}\b.*?/\n", "", text, flags=re.DOTALL)
        (self.folder / "run.nml").write_text(text + groups)
        command = ["mpirun", "-n", str(ranks), buildconfig.prefix() / "bin/ngcm_driver", "run.nml"]
        self.job = Job(command, self.folder, **(sabotage(plan) if plan else {}))
        return self.job

    def fails(self, plan: str = "", groups: str = "", limit: float = LIMIT) -> tuple[int, str]:
        """Runs to an end that must be a failure; the exit code, and what was said of it."""
        job = self.start(plan, groups)
        # Without a plan the fault is somewhere in its start, which loads and compiles.
        code = job.ended(limit if plan else 4.0 * limit)
        assert code not in (0, 75), job.out + job.err
        assert "ngcm_driver: " not in job.out
        return code, job.err

    def require_newest(self, hour: int) -> None:
        """The newest restart is whole, of this hour, and bit for bit that of the uncut run."""
        file = newest(str(self.folder / "restarts"))
        assert file is not None and file.name == restart(hour)
        (header, arrays), (uncut_header, uncut_arrays) = (
            read_restart(str(folder / "restarts" / restart(hour)))
            for folder in (self.folder, self._reference)
        )
        for key in ("identity", "start", "date", "elapsed_seconds", "put_at", "budgets"):
            assert header[key] == uncut_header[key]
        assert arrays.keys() == uncut_arrays.keys()
        assert {"host.sea.heat", "host.ice.mass", "imports", "exports"} < arrays.keys()
        for name, array in arrays.items():
            np.testing.assert_array_equal(array, uncut_arrays[name], err_msg=name)

    def require_continuation(self, ranks: int = 1) -> None:
        """Without the fault the run goes on from its newest restart to the end of the uncut one."""
        job = self.start(ranks=ranks)
        assert job.ended(120.0) == 0, job.err
        self.require_newest(4)


@pytest.fixture(scope="session")
def reference(tmp_path_factory) -> pathlib.Path:
    """The folder of the uncut run, on one rank, with a restart of every hour."""
    folder = tmp_path_factory.mktemp("reference")
    (folder / "run.nml").write_text(NAMELIST)
    job = Job([buildconfig.prefix() / "bin/ngcm_driver", "run.nml"], folder)
    assert job.ended(120.0) == 0, job.err
    assert len(list((folder / "restarts").glob("restart_*.nc"))) == 4
    return folder


@pytest.fixture
def segment(reference, tmp_path):
    made = Segment(tmp_path / "run", reference)
    yield made
    if made.job is not None:
        made.job.kill()
