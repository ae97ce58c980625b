"""Models of the size of published ones, with random numbers for what they have learned.

For measuring and testing where no such checkpoint is at hand: the demo model's configuration and
static fields, with another structure, as those of `published`, and parameters drawn anew.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence

import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
from neuralgcm.legacy import api, gin_utils

from ngcm_coupler.engine.neuralgcm.checkpoint import Checkpoint

_SMALLNESS = 0.3
"""Random networks shall not push the atmosphere about more than learned ones do."""


def with_random_weights(checkpoint: Checkpoint, bindings: Sequence[str], seed: int) -> Checkpoint:
    """Another structure with parameters of its shapes.

    A parameter that the checkpoint has in the same shape is kept.

    Args:
      checkpoint: whose configuration is changed.
      bindings: gin bindings that replace its own.
      seed: of the numbers.
    """
    text = "\n".join([checkpoint.model_config_str, *bindings, ""])
    changed = dataclasses.replace(checkpoint, model_config_str=text, params={})
    contents = changed.as_dict() | {"model_config_str": changed.gin.text()}
    shapes = _parameter_shapes(api.PressureLevelModel.from_checkpoint(contents))
    generator = np.random.default_rng(seed)

    def parameter(module: str, name: str, shape: tuple[int, ...]) -> np.ndarray:
        own = checkpoint.params.get(module, {}).get(name)
        if own is not None and np.shape(own) == shape:
            return np.asarray(own)
        if len(shape) < 2:
            return np.zeros(shape, np.float32)
        deviation = _SMALLNESS / np.sqrt(np.prod(shape[:-1]))
        return (deviation * generator.standard_normal(shape)).astype(np.float32)

    params = {
        module: {name: parameter(module, name, value.shape) for name, value in values.items()}
        for module, values in shapes.items()
    }
    digest = hashlib.sha256(f"{checkpoint.sha256} {seed} {text}".encode()).hexdigest()
    return dataclasses.replace(changed, sha256=digest, params=params)


def _parameter_shapes(model: api.PressureLevelModel) -> dict[str, dict[str, jax.ShapeDtypeStruct]]:
    """Shapes of what encoder and step have learned; nothing is computed."""
    nodal, levels = model.data_coords.horizontal.nodal_shape, model.data_coords.vertical.layers
    inputs = {name: jnp.zeros((1, levels, *nodal)) for name in model.input_variables}
    inputs = model._to_abbreviated_names_and_tracers(inputs | {"sim_time": jnp.zeros(1)})
    forcings = {name: jnp.zeros((1, *nodal)) for name in model.forcing_variables}

    def encode() -> object:
        built = model._structure.model_cls()
        forcing = built.forcing_fn(forcings | {"sim_time": jnp.zeros(1)}, jnp.float32(0.0))
        return built.encode(inputs, forcing)

    with gin_utils.specific_config(model.gin_config):
        return jax.eval_shape(hk.transform(encode).init, jax.random.key(0))
