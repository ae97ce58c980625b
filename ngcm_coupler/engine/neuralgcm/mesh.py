"""One published model on several devices, split by upstream's own means.

Upstream knows three axes: z splits the levels, x longitude and zonal wavenumber, y latitude and
total wavenumber. Column physics needs whole columns, so there z joins x. What travels between the
devices, and when, XLA derives from that; every process runs the same program on its part.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import AbstractMesh, Mesh, NamedSharding, PartitionSpec
from neuralgcm.legacy import api, gin_utils, model_builder

from ngcm_coupler.engine.atmosphere import is_random_key
from ngcm_coupler.errors import CheckpointError, ConfigError

AXES = ("z", "x", "y")
"""Upstream's names. Parts that differ in the last one only are on neighbouring devices."""

_UNPADDED = "RealSphericalHarmonicsWithZeroImag.base_shape_multiple = 1\n"


@dataclasses.dataclass(frozen=True)
class Split:
    """Into how many parts a model is cut.

    A split of the levels or of longitude leaves the shapes of the state as they are, and with them
    its random numbers and restart files. One of latitude lengthens the axis of total wavenumbers to
    a multiple of the parts: a stochastic model then draws another member for the same seed.

    Attributes:
      levels: parts of the column, z.
      longitude: parts of a circle of latitude, x.
      latitude: parts from pole to pole, y.
    """

    levels: int = 1
    longitude: int = 1
    latitude: int = 1

    @property
    def parts(self) -> int:
        """Number of devices that such a split needs."""
        return self.levels * self.longitude * self.latitude

    def mesh(self, devices: Sequence[Any]) -> Mesh:
        """Gives each device a part.

        Args:
          devices: as many as there are parts, in the same order in all processes.

        Raises:
          ConfigError: there are more or fewer.
        """
        if len(devices) != self.parts:
            raise ConfigError(
                f"a split into {self.levels} x {self.longitude} x {self.latitude} parts (levels,"
                f" longitude, latitude) needs {self.parts} devices; got {len(devices)}"
            )
        shape = (self.levels, self.longitude, self.latitude)
        return Mesh(np.asarray(devices, object).reshape(shape), AXES)


def without_padding(model_config_str: str) -> str:
    """The structure of a model whose spectral arrays are not lengthened on a mesh.

    Upstream lengthens them to multiples of eight, which suits a TPU. Random numbers are drawn by
    shape, so that a longer array is another member of the ensemble.
    """
    return f"{model_config_str}\n{_UNPADDED}"


def on_mesh(model: api.PressureLevelModel, mesh: Mesh) -> api.PressureLevelModel:
    """The same model, which splits its arrays over a mesh.

    Args:
      model: built from a configuration `without_padding`.
      mesh: of a `Split`.

    Raises:
      CheckpointError: the model's transform cannot be split, or its grid not into such parts.
    """
    specs = model._structure.specs
    levels, nlon, nlat = specs.coords.nodal_shape
    z, x, y = (mesh.shape[axis] for axis in AXES)
    for name, size, parts in (
        ("levels", levels, z),
        ("longitudes", nlon, x * z),  # column physics splits longitude by both
        ("latitudes", nlat, y),
    ):
        if size % parts:
            raise CheckpointError(
                f"the model's {size} {name} cannot be cut into {parts} equal parts, as a split into"
                f" {z} x {x} x {y} (levels, longitude, latitude) asks for; choose numbers that"
                f" divide {levels} levels, {nlon} longitudes and {nlat} latitudes"
            )
    with gin_utils.specific_config(model.gin_config):
        try:
            coords = dataclasses.replace(specs.coords, spmd_mesh=mesh)
            data_coords = dataclasses.replace(model.data_coords, spmd_mesh=mesh)
        except AssertionError as error:
            raise CheckpointError(
                "upstream can only split a model whose spherical_harmonics_impl is"
                " RealSphericalHarmonicsWithZeroImag; got"
                f" {type(specs.coords.horizontal.spherical_harmonics).__name__}; run it on one"
                " device"
            ) from error
        structure = model_builder.WhirlModel(
            coords=coords,
            dt=specs.dt,
            physics_specs=specs.physics_specs,
            aux_features=specs.aux_features,
            input_coords=data_coords,
            output_coords=data_coords,
        )
    return api.PressureLevelModel(structure, model.params, model.gin_config)


def replicated(mesh: Mesh | AbstractMesh) -> NamedSharding:
    """Where every device holds the whole: imports, exports, parameters."""
    return NamedSharding(mesh, PartitionSpec())


def state_shardings(template: Any, mesh: Mesh) -> Any:
    """Where the parts of a model's state live, the same rule as upstream's between its steps.

    Args:
      template: a state, or `Atmosphere.state_template`.
      mesh: the model's.

    Raises:
      CheckpointError: an array cannot be cut into equal parts.
    """

    def of(leaf: Any) -> NamedSharding:
        spec = PartitionSpec()
        if leaf.ndim in (2, 3):
            vertical = ("z" if leaf.shape[0] > 1 else None,)
            spec = PartitionSpec(*vertical[: leaf.ndim - 2], "x", "y")
        sharding = NamedSharding(mesh, spec)
        try:
            sharding.shard_shape(leaf.shape)
        except ValueError as error:
            raise CheckpointError(
                f"an array of the model's state of shape {leaf.shape} cannot be cut into"
                f" {dict(mesh.shape)} parts; choose a split that divides it"
            ) from error
        return sharding

    return jax.tree.map(of, template)


def place(values: Any, shardings: Any) -> Any:
    """Puts arrays on the mesh; each process copies its own parts only.

    Args:
      values: a pytree of arrays on the host, the same in all processes.
      shardings: one for each of them, or one for all.
    """

    def one(value: Any, sharding: NamedSharding) -> jax.Array:
        if is_random_key(value):
            bits = one(jax.random.key_data(value), replicated(sharding.mesh))
            return jax.random.wrap_key_data(bits, impl=jax.random.key_impl(value))
        whole = np.asarray(value)
        return jax.make_array_from_callback(whole.shape, sharding, lambda index: whole[index])

    if isinstance(shardings, NamedSharding):
        return jax.tree.map(lambda value: one(value, shardings), values)
    return jax.tree.map(one, values, shardings)


def fetch(values: Any) -> Any:
    """Whole arrays on the host of every process, random keys as their bits. Collective."""

    def one(array: jax.Array) -> np.ndarray:
        array = jax.random.key_data(array) if is_random_key(array) else array
        if array.is_fully_replicated:
            return np.asarray(array.addressable_data(0))
        return np.asarray(multihost_utils.process_allgather(array, tiled=True))

    return jax.tree.map(one, values)


def connect(mesh: Mesh) -> None:
    """Opens the connections that a step will use. Collective; call it right after a barrier.

    Processes on CPUs look for each other in the first collective of every group of devices, and
    give up after 30 seconds: sooner than one may finish compiling after another. Once connected
    they wait as long as it takes.
    """
    ones = place(np.ones(mesh.size, np.float32), NamedSharding(mesh, PartitionSpec(AXES)))
    axes = [axis for axis in AXES if mesh.shape[axis] > 1]
    for count in range(1, len(axes) + 1):
        for group in itertools.combinations(axes, count):
            total = jax.shard_map(
                lambda x, group=group: jax.lax.psum(x, group),
                mesh=mesh,
                in_specs=PartitionSpec(AXES),
                out_specs=PartitionSpec(tuple(axis for axis in AXES if axis not in group)),
            )
            jax.block_until_ready(jax.jit(total)(ones))
