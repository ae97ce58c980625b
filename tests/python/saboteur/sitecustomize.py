"""Makes functions of the package fail from outside, on the rank and at the call of choice.

Python runs this file when it starts, if its folder is on PYTHONPATH. What to do is in $SABOTAGE:
Python too, calls of `strike` with the actions below or others.
"""

from __future__ import annotations

import ctypes
import dataclasses
import functools
import importlib.machinery
import importlib.util
import itertools
import os
import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

RANK = int(os.environ.get("OMPI_COMM_WORLD_RANK", "0"))

STRUCK = pathlib.Path("struck").absolute()
"""Comes into being when a fault strikes, in the folder in which the program was started."""

Action = Callable[..., Any]
"""Stands in the place of a function: is given it, and the arguments of the call."""

_plan: dict[str, list[tuple[str, Action, int]]] = {}


def strike(place: str, action: Action, rank: int = RANK, call: int = 0) -> None:
    """Puts an action in the place of a function.

    Args:
      place: ``module:function`` or ``module:Class.method``.
      action: what happens there.
      rank: of the process in which it does.
      call: number of the call at which it does, from 1; 0 for every one.
    """
    if rank == RANK:
        module, _, name = place.partition(":")
        _plan.setdefault(module, []).append((name, action, call))


def kills(_function: Callable, *_arguments: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def sleeps(_function: Callable, *_arguments: Any) -> None:
    while True:
        time.sleep(1.0)


def sleeps_with_the_lock(_function: Callable, *_arguments: Any) -> None:
    """No thread of Python runs meanwhile, as in an extension that hangs."""
    ctypes.PyDLL(None).sleep(86400)


def raises(error: BaseException) -> Action:
    def action(_function: Callable, *_arguments: Any) -> None:
        raise error

    return action


def returns(value: object) -> Action:
    return lambda _function, *_arguments: value


def signals(number: int, process: int = os.getpid(), seconds: float = 0.0) -> Action:
    """A process, this one if no other is named, gets a signal, and later the function runs."""

    def action(function: Callable, *arguments: Any) -> Any:
        os.kill(process, number)
        time.sleep(seconds)
        return function(*arguments)

    return action


def runs(*command: str) -> Action:
    """A command runs, and then the function."""

    def action(function: Callable, *arguments: Any) -> Any:
        subprocess.run(command, check=True)
        return function(*arguments)

    return action


def spoils_state(name: str, point: int) -> Action:
    """For `Members.advance`: a NaN in a variable of the state."""

    def action(function: Callable, resident: Any) -> Any:
        (whole,) = resident._states
        air = whole.atmosphere
        spoilt = {name: getattr(air, name).at[point].set(float("nan"))}
        air = dataclasses.replace(air, **spoilt)
        resident._states = [dataclasses.replace(whole, atmosphere=air)]
        return function(resident)

    return action


def spoils_import(point: int) -> Action:
    """For `abi.put`: a NaN in what the host gives."""

    def action(function: Callable, handle: int, field_id: int, values: Any) -> Any:
        values = values.copy()
        values[point] = float("nan")
        return function(handle, field_id, values)

    return action


def _replace(module: object, name: str, action: Action, call: int) -> None:
    *path, name = name.split(".")
    owner = functools.reduce(getattr, path, module)
    function = getattr(owner, name)
    count = itertools.count(1)

    @functools.wraps(function)
    def struck(*arguments: Any, **named: Any) -> Any:
        if call not in (0, next(count)):
            return function(*arguments, **named)
        STRUCK.touch()
        return action(functools.partial(function, **named), *arguments)

    setattr(owner, name, struck)


class Saboteur:
    """Sees every import before it is done."""

    @classmethod
    def find_spec(cls, name: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        faults = _plan.pop(name, ())
        if not faults:
            return None
        spec = importlib.util.find_spec(name)
        assert spec is not None and spec.loader is not None
        execute = spec.loader.exec_module

        def exec_module(module: Any) -> None:
            execute(module)
            for fault in faults:
                _replace(module, *fault)

        spec.loader.exec_module = exec_module
        return spec


exec(os.environ["SABOTAGE"])
sys.meta_path.insert(0, Saboteur)
