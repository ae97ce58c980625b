"""The field table: consistent in itself, and with the conventions that it cites."""

import pytest

from ngcm_coupler.errors import FieldError
from ngcm_coupler.fields import EXPORTS, FIELDS, IMPORTS, field, offered


@pytest.mark.parametrize("column", ["name", "oasis"])
def test_names_and_aliases_are_unique(column):
    values = [getattr(row, column) for row in FIELDS]
    assert len(set(values)) == len(values)


@pytest.mark.parametrize("row", FIELDS, ids=lambda row: row.name)
def test_row_is_consistent(row):
    assert len(row.oasis) <= 8, "OASIS truncates longer names"
    assert row.valid_min < row.valid_max
    is_flux = bool(row.positive)
    assert (row.averaging == "interval_mean") == is_flux, "fluxes are means, states are not"


def test_bare_name_is_a_standard_name_and_means_the_whole_cell():
    for row in EXPORTS:
        if row.name == row.standard_name and row.averaging == "interval_mean":
            assert row.surface == ""


def test_field_is_offered_only_where_all_it_needs_is_there():
    bare = {row.name for row in offered(frozenset())}
    assert "surface_downward_latent_heat_flux_over_ice_free_sea" in bare
    assert not any("sea_ice" in name or "land" in name for name in bare)
    assert not any("wave" in name or "fall" in name for name in bare)
    ice = {row.name for row in offered(frozenset({"sea_ice"}))} - bare
    assert ice and all(name.endswith(("_over_sea_ice", "_over_sea")) for name in ice)
    everything = {"sea_ice", "land", "radiation", "water", "skin"}
    assert offered(frozenset(everything)) == EXPORTS


def test_table_is_imports_then_exports():
    assert IMPORTS + EXPORTS == FIELDS
    assert {row.provenance for row in IMPORTS} == {"host"}


def test_unknown_field_names_the_nearest():
    with pytest.raises(FieldError, match="'air_temperature'"):
        field("air_temperatur")
    with pytest.raises(FieldError, match="s are 'surface_downward_latent_heat_flux', 'surface_d"):
        field("latent_heat")
