"""What is fuzzed, by name: each kind of file that strangers hand in."""

from __future__ import annotations

import importlib

from fuzz.subject import Subject

NAMES = (
    "namelists",
    "checkpoints",
    "grids",
    "weights",
    "restarts",
    "recordings",
    "namcouples",
    "states",
    "histories",
)


def subject(name: str) -> Subject:
    """The subject of a name; only its reader is imported."""
    return importlib.import_module(f"fuzz.subjects.{name}").SUBJECT
