"""The field table: consistent in itself, and with the conventions that it cites."""

import pytest

from ngcm_coupler.errors import FieldError
from ngcm_coupler.fields import EXPORTS, FIELDS, IMPORTS, field


@pytest.mark.parametrize("column", ["name", "oasis"])
def test_names_and_aliases_are_unique(column):
    values = [getattr(row, column) for row in FIELDS]
    assert len(set(values)) == len(values)


@pytest.mark.parametrize("row", FIELDS, ids=lambda row: row.name)
def test_row_is_consistent(row):
    assert len(row.oasis) <= 8, "OASIS truncates longer names"
    assert row.valid_min < row.valid_max
    assert row.name.startswith(row.standard_name)
    is_flux = bool(row.positive)
    assert (row.averaging == "interval_mean") == is_flux, "fluxes are means, states are not"


def test_table_is_imports_then_exports():
    assert IMPORTS + EXPORTS == FIELDS
    assert {row.provenance for row in IMPORTS} == {"host"}


def test_unknown_field_names_the_nearest():
    with pytest.raises(FieldError, match="'air_temperature'"):
        field("air_temperatur")
