"""The published model on a GPU: the numbers of a CPU, kept executables, batches, memory.

`make gpu` runs these, and then all measurements.
"""

import numpy as np
import pytest

from ngcm_coupler.cli.bench import demo
from ngcm_coupler.component import Component
from ngcm_coupler.config import parse
from ngcm_coupler.device.members import Members

pytestmark = [pytest.mark.gpu, pytest.mark.slow]

HOURS = 6


def resident(more, members=(0,)):
    return Members(parse(demo.namelist(more=more)), members)


def run(atmosphere, hours=HOURS):
    """The exports after some hours over the surface of the initial data, (members, fields, n)."""
    _, imports = atmosphere.begin(None)
    atmosphere.send(imports[:1])
    for _ in range(hours):
        atmosphere.advance()
    return atmosphere.exports()


def largest_differences(ones, others):
    """Of each field, over the largest of it."""
    scale = np.abs(others).max(axis=-1).clip(1e-12)
    return (np.abs(ones - others).max(axis=-1) / scale).max(axis=0)


@pytest.fixture(scope="module")
def on_gpu():
    atmosphere = resident("&ngcm_device platform = 'gpu' /")
    return atmosphere, run(atmosphere)


def test_the_gpu_gives_what_the_cpu_gives(on_gpu):
    """Rounding differs in every operation; states stay within 1e-4 of their range for hours."""
    atmosphere, exports = on_gpu
    assert atmosphere.device.platform == "gpu"
    expected = run(resident("&ngcm_device platform = 'cpu' /"))
    assert np.isfinite(exports).all()
    states = [
        row for row, field in enumerate(atmosphere.fields) if field.averaging != "interval_mean"
    ]
    assert largest_differences(exports, expected)[states].max() < 1e-4


def test_a_second_run_loads_what_the_first_has_kept(on_gpu):
    again = resident("&ngcm_device platform = 'gpu' /")
    exports = run(again)
    assert again.traced_intervals() == 0
    assert largest_differences(exports, on_gpu[1]).max() < 1e-4


def test_a_batch_gives_what_its_members_give_alone():
    groups = "&ngcm_ensemble members = 3, perturbation_kelvin = 0.1, computed = '{}' /"
    batch, in_turn = (
        run(resident(groups.format(computed), range(3)), hours=3)
        for computed in ("batch", "in_turn")
    )
    assert (batch[0] != batch[1]).any()
    assert largest_differences(batch, in_turn).max() < 1e-3


def test_a_thousand_intervals_take_no_memory_of_the_device(tmp_path):
    (tmp_path / "run.nml").write_text(demo.namelist(more="&ngcm_log level = 'error' /"))
    component = Component.create(str(tmp_path / "run.nml"))
    device = component._owner.members.device
    values = np.empty(component.grid.size)
    imports = [n for n, field in enumerate(component.fields, 1) if field.direction == "import"]

    def used(hours):
        for _ in range(hours):
            for number in imports:
                component.get(number, values)
                component.put(number, values)
            component.advance(3600)
        component.wait()
        return (device.memory_stats() or {}).get("bytes_in_use", 0)

    before = used(20)
    assert used(1000) <= before + 2**20
    component.close()
