"""The field table: every field that crosses between atmosphere and host, and on which levels."""

from ngcm_coupler.fields.table import (
    BANDS,
    EXPORTS,
    FIELDS,
    GEOCENTRIC_AXES,
    IMPORTS,
    TILES,
    Averaging,
    Field,
    Need,
    Surface,
    field,
    nearest_names,
    offered,
    over,
)

__all__ = [
    "BANDS",
    "EXPORTS",
    "FIELDS",
    "GEOCENTRIC_AXES",
    "IMPORTS",
    "TILES",
    "Averaging",
    "Field",
    "Need",
    "Surface",
    "field",
    "nearest_names",
    "offered",
    "over",
]
