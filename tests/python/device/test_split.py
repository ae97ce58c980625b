"""One model on several ranks, coupled: the same fields to round-off, and the same restart files."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import numpy as np
import pytest

from ngcm_coupler.engine import parse
from ngcm_coupler.errors import ConfigError
from ngcm_coupler.output.restart.files import read_restart

HOST = textwrap.dedent(
    """
    import sys
    import numpy as np
    from mpi4py import MPI
    from ngcm_coupler.component import Component

    component = Component.create("run.nml", MPI.COMM_WORLD.py2f())
    for _ in range(2):
        for number, row in enumerate(component.fields, 1):
            if row.direction == "import":
                values = np.empty(component._host.points.mine.size)
                component.get(number, values)
                component.put(number, values)
        component.advance(component.interval_seconds)
    component.write_restart(sys.argv[1])
    resident = component._owner.members
    vorticity = resident._states[0].atmosphere.state.vorticity
    print("part", vorticity.addressable_shards[0].data.shape[0], resident.traced_intervals())
    component.close()
    MPI.COMM_WORLD.Barrier()
    """
)


def run(folder, ranks: int, name: str, groups: str) -> str:
    (folder / "run.nml").write_text(
        f"&ngcm_log level = 'warning' / &ngcm_model dycore = 'upstream' /\n{groups}"
    )
    (folder / "host.py").write_text(HOST)
    command = ["mpirun", "--bind-to", "none", "-n", str(ranks), sys.executable, "-m", "mpi4py"]
    done = subprocess.run(
        [*command, "host.py", name],
        cwd=folder, capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.long
def test_two_ranks_with_half_the_levels_each_agree_with_one_and_continue_it(tmp_path):
    """The states differ by round-off, which grows: ten times what the unsplit model makes of a
    last digit in three steps, as test_mesh measures it, is 1e-5 of a field's maximum."""
    run(tmp_path, 1, "first.nc", "")
    read = "&ngcm_restart read_file = 'first.nc' /\n"
    assert "part 32 0" in run(tmp_path, 1, "one.nc", read), "what the first run has kept is loaded"
    split = run(tmp_path, 2, "two.nc", f"{read}&ngcm_device level_parts = 2, owners_per_node = 2 /")
    # Upstream's collectives print lines of their own.
    assert split.count("part 16 1\n") == split.count("part") == 2
    (header, one), (other_header, two) = (
        read_restart(str(tmp_path / name)) for name in ("one.nc", "two.nc")
    )
    assert header["identity"] == other_header["identity"]
    assert one.keys() == two.keys()
    for name, values in one.items():
        if name.startswith("state.atmosphere.state.") and values.ndim == 4:
            difference = np.abs(values - two[name]).max() / np.abs(values).max()
            assert difference < 1e-5, (name, difference)
    run(tmp_path, 1, "again.nc", "&ngcm_restart read_file = 'two.nc' /\n")


@pytest.mark.parametrize(
    "other",
    [
        "&ngcm_model engine = 'analytic' /",
        "&ngcm_ensemble members = 2 /",
        "&ngcm_recording file = 'recording_{member}.nc' /",
    ],
)
def test_what_several_ranks_cannot_share_is_refused(other):
    with pytest.raises(ConfigError, match="level_parts = 2"):
        parse(f"&ngcm_device level_parts = 2 / {other}")
