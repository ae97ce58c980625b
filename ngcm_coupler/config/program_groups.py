"""The namelist groups of the project's own programs; a host of somebody else's reads none of them.

Written like the plugin's own groups in `ngcm_coupler.config.model_groups`.
"""

from __future__ import annotations

import dataclasses

from ngcm_coupler.config.keys import host_key, neutral_key
from ngcm_coupler.config.model_groups import path_problem


@dataclasses.dataclass(frozen=True)
class Driver:
    """The coupler-free driver; a host of its own does not read it."""

    run_hours: int = neutral_key(
        24, "Length of the run; whole coupling intervals.", unit="h", minimum=1, maximum=8784000
    )
    hours_per_line: int = neutral_key(
        0,
        "Model time between two lines that it prints, each of one interval; 0 prints all.",
        unit="h",
        minimum=0,
        maximum=8784000,
    )


def _relaxation_problem(days: float) -> str | None:
    return "is shorter than a day" if 0.0 < days < 1.0 else None


@dataclasses.dataclass(frozen=True)
class SlabOcean:
    """The ocean of the coupler-free driver: a mixed layer of fixed depth."""

    time_step_seconds: int = host_key(
        1800,
        "Time step of the slab; divides the coupling interval.",
        unit="s",
        minimum=1,
        maximum=864000,
    )
    mixed_layer_depth_m: float = host_key(
        50.0, "Depth of the mixed layer.", unit="m", minimum=1.0, maximum=1000.0
    )
    relaxation_time_days: float = host_key(
        10.0,
        "Time in which the slab relaxes to its initial temperature, which stands for transport by "
        "currents; 0 for never.",
        unit="d",
        minimum=0.0,
        maximum=36525.0,
        note="0 or at least 1",
        check=_relaxation_problem,
    )


@dataclasses.dataclass(frozen=True)
class SlabIce:
    """The sea ice of the coupler-free driver; used where its imports are listed."""

    initial_thickness_m: float = host_key(
        2.0, "Thickness of the ice at the start.", unit="m", minimum=0.1, maximum=20.0
    )
    new_ice_thickness_m: float = host_key(
        0.25, "Thickness of ice that forms in open water.", unit="m", minimum=0.05, maximum=2.0
    )
    surface_layer_m: float = host_key(
        0.1,
        "Thickness of the surface layer, which stores heat; steps of more than an hour need more.",
        unit="m",
        minimum=0.05,
        maximum=2.0,
    )
    cold_visible_albedo: float = host_key(
        0.98, "Albedo of cold ice in visible light.", unit="1", minimum=0.0, maximum=1.0
    )
    cold_near_infrared_albedo: float = host_key(
        0.70, "Albedo of cold ice in the near infrared.", unit="1", minimum=0.0, maximum=1.0
    )
    melting_visible_albedo: float = host_key(
        0.705, "Albedo of melting ice in visible light.", unit="1", minimum=0.0, maximum=1.0
    )
    melting_near_infrared_albedo: float = host_key(
        0.285, "Albedo of melting ice in the near infrared.", unit="1", minimum=0.0, maximum=1.0
    )


@dataclasses.dataclass(frozen=True)
class BucketLand:
    """The land of the coupler-free driver; used where its imports are listed."""

    soil_layer_m: float = host_key(
        0.2,
        "Thickness of the soil layer, which stores heat; steps of more than an hour need more.",
        unit="m",
        minimum=0.05,
        maximum=10.0,
    )
    bucket_depth_mm: float = host_key(
        150.0, "Water that the soil holds.", unit="mm", minimum=1.0, maximum=10000.0
    )
    initial_snow_mm: float = host_key(
        50.0,
        "Snow, as water, where the land is below the melting point at the start.",
        unit="mm",
        minimum=0.0,
        maximum=10000.0,
    )
    roughness_length_m: float = host_key(
        0.06, "Roughness length for momentum.", unit="m", minimum=1.0e-5, maximum=10.0
    )
    visible_albedo: float = host_key(
        0.10, "Albedo of bare land in visible light.", unit="1", minimum=0.0, maximum=1.0
    )
    near_infrared_albedo: float = host_key(
        0.30, "Albedo of bare land in the near infrared.", unit="1", minimum=0.0, maximum=1.0
    )
    snow_visible_albedo: float = host_key(
        0.95, "Albedo of snow on land in visible light.", unit="1", minimum=0.0, maximum=1.0
    )
    snow_near_infrared_albedo: float = host_key(
        0.65, "Albedo of snow on land in the near infrared.", unit="1", minimum=0.0, maximum=1.0
    )


@dataclasses.dataclass(frozen=True)
class OasisOcean:
    """The ocean of a run through OASIS, beside the groups &slab_ocean and &slab_ice."""

    initial_file: str = neutral_key(
        "rsto.nc",
        "File of the initial surface, its variables named as the fields that the ocean sends; "
        "used without read_file.",
        check=path_problem,
        note="not empty",
    )
    read_file: str = neutral_key(
        "",
        "State file of an earlier run to go on from, to the last bit; '' for none.",
        note="'' or an existing file",
        path="in",
    )
    write_file: str = neutral_key(
        "",
        "State file written at the end; '' writes none.",
        note="'' or a file in an existing, writable folder",
        path="state",
    )
    output_file: str = neutral_key(
        "",
        "netCDF file of temperature, ice and currents; '' writes none.",
        note="'' or a file in an existing, writable folder",
        path="out",
    )
    output_interval_hours: int = neutral_key(
        24,
        "Time between records of the output file; whole coupling intervals.",
        unit="h",
        minimum=1,
        maximum=8784,
        needs="output_file",
    )
    current_damping_days: float = host_key(
        3.0,
        "Time in which inertial currents decay.",
        unit="d",
        minimum=0.1,
        maximum=365.0,
    )
    block_points: int = neutral_key(
        0,
        "Points that a rank gets at a time; 0 for one block a rank.",
        minimum=0,
        maximum=2**31 - 1,
    )
