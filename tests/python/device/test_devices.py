"""Who owns members, and which device each owner sees; nothing here needs a GPU."""

import sys

import pytest

from ngcm_coupler.config.run_groups import Device
from ngcm_coupler.device import devices
from ngcm_coupler.errors import ConfigError
from ngcm_coupler.parallel.owners import chosen, dealt

TWO_NODES_OF_FOUR = [0, 1, 2, 3, 0, 1, 2, 3]


def test_one_rank_owns_a_single_member_wherever_the_others_are():
    assert chosen(TWO_NODES_OF_FOUR, per_node=2, most=1) == [0]


def test_owners_are_the_first_ranks_of_all_nodes_before_the_second():
    assert chosen(TWO_NODES_OF_FOUR, per_node=1, most=9) == [0, 4]
    assert chosen(TWO_NODES_OF_FOUR, per_node=2, most=3) == [0, 4, 1]
    assert chosen([0, 1, 0], per_node=2, most=9) == [0, 2, 1]


def test_members_are_dealt_in_blocks_as_even_as_can_be():
    assert dealt(5, 2) == [range(2), range(2, 5)]
    assert dealt(8, 3) == [range(2), range(2, 5), range(5, 8)]


def test_owners_of_a_node_get_a_gpu_each():
    for place in range(2):
        found = devices.environment_of(Device(), place, 2, ["4", "7"])
        assert found == {"CUDA_VISIBLE_DEVICES": ["4", "7"][place]}


def test_rank_with_a_single_gpu_of_the_batch_system_keeps_it():
    assert devices.environment_of(Device(memory_fraction=0.5), 3, 4, ["GPU-1a"]) == {
        "XLA_PYTHON_CLIENT_MEM_FRACTION": "0.5"
    }


def test_owners_share_a_gpu_only_with_a_fraction_of_its_memory():
    with pytest.raises(ConfigError, match=r"it has 2 GPUs; .* memory_fraction = 0.45"):
        devices.environment_of(Device(), 0, 4, ["0", "1"])
    found = devices.environment_of(Device(memory_fraction=0.45), 3, 4, ["0", "1"])
    assert found["CUDA_VISIBLE_DEVICES"] == "1"


def test_run_on_the_cpu_leaves_gpus_alone():
    assert devices.environment_of(Device(platform="cpu"), 0, 1, ["0"]) == {"JAX_PLATFORMS": "cpu"}


def test_gpus_are_those_that_the_environment_allows():
    for visible, expected in {
        "2,GPU-5": ["2", "GPU-5"],
        " 0, 1": ["0", "1"],
        "GPU-8932f937-d72c-4106-c12f-20bd9faed9f6": ["GPU-8932f937-d72c-4106-c12f-20bd9faed9f6"],
        "MIG-a1208c4e-caad-5519-9a7f-4e3a5b1d0a1c,MIG-GPU-8932f937/1/0": [
            "MIG-a1208c4e-caad-5519-9a7f-4e3a5b1d0a1c",
            "MIG-GPU-8932f937/1/0",
        ],
        # CUDA sees none behind what it cannot make out.
        "0,-1,1": ["0"],
        "1,none": ["1"],
    }.items():
        assert devices.graphics_devices({"CUDA_VISIBLE_DEVICES": visible}) == expected


@pytest.mark.parametrize("word", ["", " ", "-1", "NoDevFiles", "void", "none", "no", ","])
def test_words_for_no_gpu_are_none_and_the_run_is_one_on_the_cpu(word):
    visible = devices.graphics_devices({"CUDA_VISIBLE_DEVICES": word})
    assert visible == []
    assert devices.environment_of(Device(memory_fraction=0.5), 1, 2, visible) == {}
    devices.require_no_silent_cpu(Device(), "cpu", visible)


def test_cpu_beside_a_gpu_that_jax_cannot_use_is_refused_unless_allowed():
    with pytest.raises(ConfigError, match=r"allow_cpu = \.true\."):
        devices.require_no_silent_cpu(Device(), "cpu", ["0"])
    for settings in Device(allow_cpu=True), Device(platform="cpu"):
        devices.require_no_silent_cpu(settings, "cpu", ["0"])
    devices.require_no_silent_cpu(Device(), "gpu", ["0"])
    devices.require_no_silent_cpu(Device(), "cpu", [])


def test_gpu_that_is_not_there_is_an_error_or_with_leave_the_cpu(caplog):
    with pytest.raises(ConfigError, match="JAX finds no such device"):
        devices.device(Device(platform="gpu"))
    assert devices.device(Device(platform="gpu", allow_cpu=True)).platform == "cpu"
    assert "running on the CPU, as allow_cpu says" in caplog.text


def test_a_variable_that_jax_does_not_take_is_an_error_of_the_environment(monkeypatch):
    def refuse(name):
        raise ValueError("invalid truth value 'maybe' for environment 'JAX_ENABLE_X64'")

    monkeypatch.setattr("importlib.import_module", refuse)
    monkeypatch.setenv("JAX_ENABLE_X64", "maybe")
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")  # as is set before the import
    words = r"^JAX refuses its environment \(invalid .*JAX_ENABLE_X64=maybe.*; correct or unset"
    with pytest.raises(ConfigError, match=words):
        devices.prepare(Device(platform="cpu"), 0, 1)
    monkeypatch.delenv("JAX_ENABLE_X64")
    with pytest.raises(ValueError, match="invalid truth value"):  # of something else
        devices.import_jax()


def test_settings_that_come_too_late_for_jax_are_told(monkeypatch, caplog):
    assert "jax" in sys.modules or __import__("jax")
    monkeypatch.setenv("JAX_PLATFORMS", "")
    devices.prepare(Device(platform="cpu"), 0, 1)
    assert "may not heed JAX_PLATFORMS=cpu" in caplog.text
