"""Parts of a published model that are left out, and the names of those that are not."""

from __future__ import annotations

import types

import haiku as hk
import jax
import jax.numpy as jnp
import pytest
from neuralgcm.legacy.model_builder import DynamicalSystem

from ngcm_coupler.engine.neuralgcm.parts import DECODER, ENCODER, FORCING, STEP, in_parts, only

BUILT: list[str] = []


def part(python_module):
    """A class of upstream's, as far as the place that it is from tells."""

    class Part(hk.Module):
        def __init__(self, name=None):
            super().__init__(name=name)
            BUILT.append(python_module)
            self.inner = hk.Linear(1)

        def __call__(self, value):
            return self.inner(value)

    Part.__module__ = python_module
    return Part


class Model(DynamicalSystem):
    """As upstream's: all parts are put together first."""

    def __init__(self):
        hk.Module.__init__(self, name="model")
        self.advance_fn = part(STEP)()
        self.encoder_fn, self.decoder_fn = part(ENCODER)(), part(DECODER)()
        self.forcing_fn = part(FORCING)()
        self.foreign = part("elsewhere")()


def applied(name):
    return hk.transform(lambda value: getattr(Model(), name)(value))


STRUCTURE = types.SimpleNamespace(
    encode_fn=applied("encoder_fn").apply,
    advance_fn=applied("advance_fn").apply,
    decode_fn=applied("decoder_fn").apply,
    forcing_fn=applied("forcing_fn").apply,
)
VALUE = jnp.ones((1, 1))


@pytest.fixture(scope="module")
def parameters():
    """Another number for each part, by the names that the whole model gives."""
    whole = hk.transform(
        lambda value: [
            each(value) for each in vars(Model()).values() if isinstance(each, hk.Module)
        ]
    )
    found = whole.init(jax.random.key(0), VALUE)
    assert sorted(found) == [
        f"model/~/part{place}/~/linear" for place in ("", "_1", "_2", "_3", "_4")
    ]
    return found


@pytest.mark.parametrize(
    ("name", "used"),
    [
        ("encode_fn", [STEP, ENCODER]),
        ("advance_fn", [STEP]),
        ("decode_fn", [DECODER]),
        ("forcing_fn", [FORCING]),
    ],
)
def test_each_function_builds_what_it_uses_under_the_names_of_the_whole(name, used, parameters):
    expected = getattr(STRUCTURE, name)(parameters, None, VALUE)
    BUILT.clear()
    found = getattr(in_parts(STRUCTURE), name)(parameters, None, VALUE)
    assert BUILT == [*used, "elsewhere"], "a part of somebody else's is always there"
    assert found == expected
    others = {
        float(getattr(STRUCTURE, each)(parameters, None, VALUE)[0, 0]) for each in vars(STRUCTURE)
    }
    assert len(others) == 4, "no two of them are one"


def test_parts_within_a_part_are_built_whatever_they_are(parameters):
    class Nest(DynamicalSystem):
        def __init__(self):
            hk.Module.__init__(self, name="model")
            self.step = Step()

    class Step(hk.Module):
        def __init__(self):
            super().__init__()
            self.decoder = part(DECODER)()

    Step.__module__ = STEP
    BUILT.clear()
    with only(STEP):
        hk.transform(lambda: Nest() and None).init(None)
    assert BUILT == [DECODER]


def test_what_follows_is_built_whole_again(parameters):
    with pytest.raises(ZeroDivisionError), only(STEP):
        raise ZeroDivisionError
    BUILT.clear()
    STRUCTURE.encode_fn(parameters, None, VALUE)
    assert BUILT == [STEP, ENCODER, DECODER, FORCING, "elsewhere"]
