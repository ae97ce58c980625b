"""A host of the analytic atmosphere, for tests: what it configures, puts and gets."""

import numpy as np

NAMELIST = """
&ngcm_model engine = 'analytic', analytic_latitudes = 8 /
&ngcm_coupling interval_seconds = 3600, max_import_age_seconds = 7200 /
"""


def get(component, name):
    out = np.empty(component.grid.size)
    component.get(component.field_id(name), out)
    return out


def put_surface(component, warming=0.0):
    sst = get(component, "sea_surface_temperature") + warming
    component.put(component.field_id("sea_surface_temperature"), sst)
    ice = get(component, "sea_ice_area_fraction")
    component.put(component.field_id("sea_ice_area_fraction"), ice)


def advance(component, intervals=1):
    for _ in range(intervals):
        put_surface(component)
        component.advance(component.interval_seconds)


def all_fields(component):
    return {row.name: get(component, row.name) for row in component.fields}
