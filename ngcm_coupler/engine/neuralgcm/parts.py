"""Of a published model only the parts that a function uses are put together.

Upstream puts a model together anew whenever one of its functions is traced: encoder, step, decoder
and forcing, though each function uses one or two of them, and all of it for the forcing alone too.
That is half of what tracing an interval takes, and XLA only throws it away again.
"""

from __future__ import annotations

import contextlib
import copy
import functools
from collections.abc import Callable, Iterator
from typing import Any

import haiku as hk
from neuralgcm.legacy import decoders, encoders, forcings, model_builder, steps

ENCODER, DECODER = encoders.__name__, decoders.__name__
FORCING, STEP = forcings.__name__, steps.__name__
"""The parts of a model, by the Python modules of upstream that their classes are from."""

_USED = {
    "forcing_fn": {FORCING},
    "encode_fn": {ENCODER, STEP},  # the step finishes what the encoder gives
    "advance_fn": {STEP},
    "decode_fn": {DECODER},
}
"""Function of upstream's structure of a model -> the parts that it uses."""


def in_parts(structure: Any) -> Any:
    """Upstream's structure of a model, each of whose functions builds what it uses alone."""
    changed = copy.copy(structure)
    for name, used in _USED.items():
        setattr(changed, name, _building(getattr(structure, name), used))
    return changed


def _building(function: Callable, used: set[str]) -> Callable:
    @functools.wraps(function)
    def built(*args: Any) -> Any:
        with only(*used):
            return function(*args)

    return built


@contextlib.contextmanager
def only(*used: str) -> Iterator[None]:
    """Models that are put together meanwhile have these parts, and of the others the names.

    Parameters go by the names of modules, and a name by which of its kind have been named before:
    so a part that is left out keeps its own. A part of a class that is not upstream's stays.

    Args:
      *used: of the parts above.
    """
    left_out = {ENCODER, DECODER, FORCING, STEP}.difference(used)
    within: list[hk.Module] = []  # what is being put together, the outermost first

    def build(call: Callable, args: tuple, kwargs: dict, context: hk.MethodContext) -> Any:
        module = context.module
        if context.method_name != "__init__":
            return call(*args, **kwargs)
        is_part = len(within) == 1 and isinstance(within[0], model_builder.DynamicalSystem)
        if is_part and type(module).__module__ in left_out:
            return hk.Module.__init__(module, name=kwargs.get("name"))
        within.append(module)
        try:
            return call(*args, **kwargs)
        finally:
            within.pop()

    with hk.intercept_methods(build):
        yield
