"""The namelist groups: one frozen dataclass each, every key declared and documented here only.

Fields of a group are the keys of the namelist. Rules that tie several keys together stand in
`ngcm_coupler.config`.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from ngcm_coupler import calendars, fields, pressure_levels
from ngcm_coupler.schema import did_you_mean, key

DEMO = "demo"
"""Stands for the checkpoint and the initial state that come with the neuralgcm package."""

ANALYTIC_START_DATE = "2000-01-01T00:00:00"
"""Where the analytic engine starts without a date of the user's."""

CONTROL = 0
"""Number of the member that is the run without an ensemble."""

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


_DATE_NOTE = "'' or YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS, a date of the calendar"


def _date_problem(date: str) -> str | None:
    return calendars.date_problem(date) if date else None


def _imports_problem(names: tuple[str, ...]) -> str | None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        return f"names {', '.join(twice)} more than once"
    missing = [name for name in REQUIRED_IMPORTS if name not in names]
    if missing:
        return f"lacks {', '.join(missing)}, which every model needs"
    for vector in _VECTORS:
        given = [name for name in vector if name in names]
        if given and len(given) < len(vector):
            lacking = [name for name in vector if name not in given]
            return f"names {given[0]} without {', '.join(lacking)}"
    if "sea_water_x_velocity" in names and "sea_water_geocentric_x_velocity" in names:
        return "names the current twice, by its components on the grid and by geocentric ones"
    return None


def _latitudes_problem(count: int) -> str | None:
    return "is odd" if count % 2 else None


def path_problem(path: str) -> str | None:
    """What is wrong with the name of a file that must be given."""
    return None if path else "is empty"


@dataclasses.dataclass(frozen=True)
class Run:
    """The time of the run."""

    calendar: str = key(
        calendars.REAL,
        "Calendar of all dates: the real one, one of 365 days in every year, or one of twelve "
        "months of 30 days.",
        choices=calendars.CALENDARS,
    )
    start_date: str = key(
        "",
        "Date at which the run starts; '' takes the time of the initial state, "
        f"and {ANALYTIC_START_DATE} for the analytic engine.",
        note=_DATE_NOTE,
        check=_date_problem,
    )
    stop_date: str = key(
        "",
        "Date at which a chain of runs, each continuing the one before, is complete; '' where "
        "the length of one run is all there is.",
        note=_DATE_NOTE,
        check=_date_problem,
    )


@dataclasses.dataclass(frozen=True)
class Model:
    """The atmosphere."""

    engine: str = key(
        "neuralgcm",
        "The atmosphere that runs: a published NeuralGCM model, or an analytic one of no weight "
        "for trying out a coupling.",
        choices=("neuralgcm", "analytic"),
    )
    checkpoint: str = key(
        DEMO,
        f"File of the published model; '{DEMO}' is the small one in the neuralgcm package.",
        note=f"'{DEMO}' or an existing file",
        check=path_problem,
    )
    initial_state: str = key(
        DEMO,
        f"File of the state to start from; '{DEMO}' is the ERA5 state in the neuralgcm package.",
        note=f"'{DEMO}' or an existing file",
        check=path_problem,
    )
    dycore: str = key(
        "fast",
        "Dynamical core: this project's own, which is faster and the same to rounding, where it "
        "has the model's equations; or the published model's own.",
        choices=("fast", "upstream"),
    )
    random_seed: int = key(
        0, "Seed of the model's random fields.", minimum=0, maximum=2**31 - 1
    )  # fmt: skip
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
    )
    max_import_age_seconds: int = key(
        86400,
        "Longest time that an import may be used without being renewed; after it the run stops.",
        unit="s",
        minimum=0,
        maximum=31622400,
    )


@dataclasses.dataclass(frozen=True)
class Surface:
    """The surface exchange that the published model lacks."""

    bulk_scheme: str = key(
        "coare3p6",
        "Bulk formulae of the fluxes over open water: COARE 3.6 or 3.0, those of the IFS without "
        "waves, or those of Large and Yeager (2009).",
        choices=("coare3p6", "coare3p0", "ecmwf", "ncar"),
    )
    sea_skin: str = key(
        "none",
        "Skin of open water: 'none' takes the host's temperature for it, 'cool' cools it by what "
        "it loses, 'cool_and_warm' also warms a layer below it in sunshine and calm.",
        choices=("none", "cool", "cool_and_warm"),
    )


def _radiation_interval_problem(seconds: int) -> str | None:
    return None if 86400 % seconds == 0 else "does not divide a day"


@dataclasses.dataclass(frozen=True)
class Radiation:
    """Radiation at the surface, which the published model lacks."""

    scheme: str = key(
        "grey",
        "Where radiation comes from: 'grey' is cheap, 'rrtmgp' computes spectra (needs the extra "
        "ngcm_coupler[radiation]), 'host' leaves it to the host, and the plugin offers none.",
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
    )
    coarsening: int = key(
        0,
        "Side of the square blocks of columns that share one calculation of 'rrtmgp'; 1 is every "
        "column; 0 takes 4 on a CPU and 1 on a GPU.",
        minimum=0,
        maximum=8,
        note="a divisor of the rows and columns of the grid",
    )
    solar_constant: float = key(
        1361.0,
        "Sunlight at the mean distance of the Earth.",
        unit="W m-2",
        minimum=0.0,
        maximum=2000.0,
    )
    carbon_dioxide_ppm: float = key(
        420.0, "Carbon dioxide in dry air.", unit="1e-6", minimum=0.0, maximum=10000.0
    )
    methane_ppb: float = key(1900.0, "Methane in dry air.", unit="1e-9", minimum=0.0, maximum=1e5)
    nitrous_oxide_ppb: float = key(
        335.0, "Nitrous oxide in dry air.", unit="1e-9", minimum=0.0, maximum=1e4
    )
    aerosol_optical_depth: float = key(
        0.12,
        "Optical depth of aerosol at 550 nm, the same everywhere.",
        unit="1",
        minimum=0.0,
        maximum=2.0,
    )
    cloud_water_coefficient: float = key(
        200.0,
        "How much cloud the model's cloud water makes: alpha of Xu and Randall (1996), 100 there; "
        "200 covers as much of the sky of the demo model as is observed.",
        unit="1",
        minimum=10.0,
        maximum=1000.0,
    )
    cloud_humidity_exponent: float = key(
        0.25,
        "How fast cloud goes with falling relative humidity: p of Xu and Randall (1996).",
        unit="1",
        minimum=0.05,
        maximum=2.0,
    )
    cloud_inhomogeneity: float = key(
        0.7,
        "Optical depth of a patchy cloud over that of an even one with the same water.",
        unit="1",
        minimum=0.3,
        maximum=1.0,
    )
    droplet_radius_micrometres: float = key(
        10.0, "Effective radius of cloud droplets.", unit="um", minimum=4.0, maximum=20.0
    )


@dataclasses.dataclass(frozen=True)
class Grid:
    """The grid of the sea below, from which the fraction of sea in every cell follows."""

    sea_grid_file: str = key(
        "",
        "File of the ocean model's grid: OASIS grids.nc, NEMO mesh_mask.nc, SCRIP, ESMF mesh, "
        "UGRID or CF; '' takes land and sea from the initial state.",
        note="'' or an existing file",
    )
    sea_grid_name: str = key(
        "",
        "The grid's prefix in OASIS files, where masks.nc and areas.nc lie beside grids.nc; '' for "
        "files of one grid.",
    )
    sea_area: str = key(
        "geometry",
        "Areas in which the ocean model counts what it receives: those of its cells' corners, or "
        "'model', those in its own file.",
        choices=("geometry", "model"),
    )


def _short(limit: int) -> dict[str, Any]:
    """The declaration of a name that OASIS cuts off after so many characters."""

    def problem(name: str) -> str | None:
        fits = re.fullmatch(rf"[A-Za-z]\w{{0,{limit - 1}}}", name)
        return None if fits else f"is no name of 1 to {limit} letters, digits and _"

    return {"note": f"1 to {limit} letters, digits and _", "check": problem}


def _exports_problem(names: tuple[str, ...]) -> str | None:
    if twice := sorted({name for name in names if names.count(name) > 1}):
        return f"names {', '.join(twice)} more than once"
    known = [field.name for field in fields.EXPORTS]
    for name in names:
        if name not in known:
            return f"names {name!r}, which is no export{did_you_mean(name, known)}"
    return None


def _partner_names_problem(pairs: tuple[str, ...]) -> str | None:
    known = [field.name for field in fields.FIELDS]
    for pair in pairs:
        name, _, partner = (part.strip() for part in pair.partition("="))
        if name not in known:
            return f"names {name!r}, which is no field{did_you_mean(name, known)}"
        if not re.fullmatch(r"\w{1,8}", partner):
            return f"gives {name} the name {partner!r}; OASIS takes 1 to 8 characters"
        if partner in (field.oasis for field in fields.FIELDS):
            return f"gives {name} the name {partner}, which is the plugin's own; rename it"
    return None


@dataclasses.dataclass(frozen=True)
class Oasis:
    """The coupling through OASIS3-MCT; read by the cap and by the commands that prepare it."""

    component: str = key("ngcm", "Name of the atmosphere in the namcouple.", **_short(6))
    grid: str = key("ngcm", "Prefix of the atmosphere's grid in the OASIS grid files.", **_short(4))
    ocean_component: str = key("ocean", "Name of the ocean in the namcouple.", **_short(6))
    ocean_step_seconds: int = key(
        0,
        "Time step after which the ocean calls OASIS, its LAG; 0 for the coupling interval.",
        unit="s",
        minimum=0,
        maximum=864000,
    )
    coupling: str = key(
        "sequential",
        "Order of the two: 'sequential', the ocean follows with the fluxes of its own interval; "
        "'concurrent', both run at once, each with what the other gave an interval ago.",
        choices=("sequential", "concurrent"),
    )
    exports: tuple[str, ...] = key(
        (),
        "Fields that the ocean gets; what it gives are the imports in &ngcm_coupling.",
        note="'' or exports as `ngcm-coupler fields` lists them, none twice",
        check=_exports_problem,
    )
    partner_names: tuple[str, ...] = key(
        (),
        "The ocean's own names of fields, as 'field = NAME'; a field that is not listed has the "
        "plugin's name there, with OC_ for NG_.",
        note="'' or 'field = NAME', the name of 1 to 8 characters",
        check=_partner_names_problem,
    )
    flux_method: str = key(
        "conservative",
        "Remapping of fluxes to the ocean.",
        choices=("conservative", "conservative_second_order"),
    )
    state_method: str = key(
        "bilinear",
        "Remapping of states to the ocean.",
        choices=("bilinear", "conservative"),
    )
    ice_weighted: bool = key(
        True,
        "Whether the ocean gives what is of its ice (temperature, albedo) multiplied by the "
        "fraction of ice, so that means over cells are right at the edge of the ice.",
    )


@dataclasses.dataclass(frozen=True)
class Ensemble:
    """Several members of the atmosphere in one run."""

    members: int = key(1, "Number of members.", minimum=1, maximum=100000)
    first_member: int = key(
        CONTROL,
        f"Number of the first member. {CONTROL} is the control, which is the run without an "
        "ensemble; every other number has random fields and an initial perturbation of its own, "
        "the same in whatever ensemble it is.",
        minimum=0,
        maximum=2**31 - 1,
    )
    coupling: str = key(
        "mean",
        "What the members are coupled to: 'mean', to one host, which gets their mean; 'each', each "
        "member to a host of its own: the points of a field are then those of all members, one "
        "after the other.",
        choices=("mean", "each"),
    )
    perturbation_kelvin: float = key(
        0.0,
        "Standard deviation of the noise that is added to the air temperature of the initial state "
        "of every member but the control, as far as the model resolves it.",
        unit="K",
        minimum=0.0,
        maximum=10.0,
    )
    computed: str = key(
        "auto",
        "How the members of a rank are computed: 'in_turn', so that the bits of a member do not "
        "depend on the others; as one 'batch', which a GPU does faster; 'auto', in turn on a CPU "
        "and as a batch on a GPU.",
        choices=("auto", "in_turn", "batch"),
    )


@dataclasses.dataclass(frozen=True)
class Device:
    """The hardware."""

    platform: str = key(
        "auto",
        "Where the model runs; 'auto' leaves the choice to JAX, which prefers a GPU.",
        choices=("auto", "cpu", "gpu"),
    )
    allow_cpu: bool = key(
        False,
        "Whether to run on the CPU although platform is 'gpu' and there is none, or 'auto' and JAX "
        "cannot use the GPU that there is; otherwise the run is refused.",
    )
    owners_per_node: int = key(
        1,
        "Most ranks of a node that hold members, each on a GPU of its own: the first ones of every "
        "node, and no more than there are members.",
        minimum=1,
        maximum=1024,
    )
    level_parts: int = key(
        1,
        "Ranks that share one model, each with a part of its levels on a device of its own, for a "
        "model that one device cannot hold; there is one member then. The first owners_per_node "
        "ranks of every node take part.",
        minimum=1,
        maximum=1024,
    )
    memory_fraction: float = key(
        0.0,
        "Part of the GPU's memory that a rank takes at the start; 0 leaves it to JAX.",
        unit="1",
        minimum=0.0,
        maximum=1.0,
    )
    keep_compiled: str = key(
        "executables",
        "What of the compiled code stays for the next run: executables, which start without "
        "tracing the model again; 'jax_cache' is JAX's own cache alone, which saves the compiler; "
        "'nothing' compiles in every run.",
        choices=("executables", "jax_cache", "nothing"),
    )
    cache_folder: str = key(
        "",
        "Where compiled code stays, a folder that no other user can write to; empty for "
        "ngcm_coupler in $XDG_CACHE_HOME or ~/.cache.",
    )


def _twice(names: tuple[Any, ...]) -> str | None:
    if twice := sorted({name for name in names if names.count(name) > 1}):
        return f"names {', '.join(map(str, twice))} more than once"
    return None


def _fields_problem(names: tuple[str, ...]) -> str | None:
    known = [field.name for field in fields.FIELDS]
    for name in names:
        if name not in known:
            return f"names {name!r}, which is no field{did_you_mean(name, known)}"
    return _twice(names)


def _levels_problem(pressures_hpa: tuple[int, ...]) -> str | None:
    if any(pressure <= 0 for pressure in pressures_hpa):
        return "holds a pressure that is not positive"
    return _twice(pressures_hpa)


@dataclasses.dataclass(frozen=True)
class History:
    """The output."""

    file: str = key(
        "",
        "netCDF file of fields over time; '' writes none. {date} in the name stands for the model "
        "date at which the run begins, {period} for the month or year that file_period asks for.",
        note="'' or a file in an existing, writable folder",
    )
    file_period: str = key(
        "run",
        "Time that one file holds: that of the run, or a month or year of the calendar, which a "
        "run that continues in the middle of it goes on filling.",
        choices=("run", "month", "year"),
    )
    fields: tuple[str, ...] = key(
        (),
        "Exchanged fields to write; '' writes all.",
        note="'' or fields as `ngcm-coupler fields` lists them, none twice",
        check=_fields_problem,
    )
    level_fields: tuple[str, ...] = key(
        (),
        "Fields of the air to write on levels of constant pressure, by the names that the model's "
        "decoder has for them; '' writes none.",
        choices=tuple(row.decoder for row in pressure_levels.LEVEL_FIELDS),
        note="'' or as many as the model decodes, none twice",
        check=_twice,
    )
    pressure_levels_hpa: tuple[int, ...] = key(
        (),
        "Levels for level_fields; '' writes all that the model decodes.",
        items=int,
        unit="hPa",
        note="'' or levels that the model decodes, none twice",
        check=_levels_problem,
    )
    interval_hours: int = key(
        0,
        "Time between records, whole coupling intervals; 0 writes one each coupling interval.",
        unit="h",
        minimum=0,
        maximum=8784000,
    )
    record: str = key(
        "instant",
        "What a record holds: 'instant', states at its date and fluxes of the coupling interval "
        "that ends there; 'mean', means over the time since the record before; 'monthly_mean', "
        "over each month of the calendar.",
        choices=("instant", "mean", "monthly_mean"),
    )
    compression_level: int = key(
        1, "Effort of compression; 0 for none.", minimum=0, maximum=9
    )  # fmt: skip
    budget_file: str = key(
        "",
        "netCDF file of the budgets of heat, water, momentum and dry air, one record an interval; "
        "'' writes none; {date} as above; {member} stands for the number of the member.",
        note="'' or a file in an existing, writable folder",
    )


@dataclasses.dataclass(frozen=True)
class Restart:
    """The continuation of an earlier run, and what this one leaves to be continued."""

    read_file: str = key(
        "",
        "Restart file to start from instead of the initial state, or a folder: then the newest in "
        "it. The folder of this run may still be empty: then it begins. '' for none.",
        note="'' or an existing file, a folder of restart files, or the folder of this run",
    )
    branch: bool = key(
        False,
        "Whether keys that change results may differ from those of the run that wrote the restart: "
        "a new experiment that starts from its state.",
    )
    write_file: str = key(
        "",
        "Restart file that a run of ours writes at its end; '' writes none.",
        note="'' or a file in an existing, writable folder",
    )
    folder: str = key(
        "",
        "Folder for restart files with the model date in their names, and the file 'latest' that "
        "names the newest; '' for none. It is made if it is missing.",
        note="'' or a folder, or one to make in an existing, writable one",
    )
    interval_hours: int = key(
        0,
        "Time between restart files in the folder, whole coupling intervals; 0 writes one at the "
        "end only.",
        unit="h",
        minimum=0,
        maximum=8784000,
    )
    keep: int = key(3, "Restart files that stay in the folder.", minimum=1, maximum=10000)


@dataclasses.dataclass(frozen=True)
class Limits:
    """The limits of a batch job: when to stop, and when to give up."""

    wall_clock_seconds: int = key(
        0,
        "Time that the job may take, from its start; before it is over the run writes a restart "
        "and stops. 0 for no limit.",
        unit="s",
        minimum=0,
        maximum=31622400,
    )
    margin_seconds: int = key(
        120,
        "Time to spare before the limit, beside that of one interval and of a restart: start-up "
        "and end of the job. A margin as long as the limit leaves time for one interval.",
        unit="s",
        minimum=0,
        maximum=86400,
    )
    timeout_seconds: int = key(
        0,
        "Longest time that one interval may take, the host's part included, and in the first the "
        "compilation; a run of ours that takes longer is ended and says where. 0 for no limit.",
        unit="s",
        minimum=0,
        maximum=31622400,
    )


@dataclasses.dataclass(frozen=True)
class Recording:
    """All that goes in and out of the atmosphere, for `ngcm-coupler replay`."""

    file: str = key(
        "",
        "netCDF file of the state at the start and of the imports and exports of every interval, "
        "from which the atmosphere can be run again without its host; '' writes none; {date} and "
        "{member} as in &ngcm_history.",
        note="'' or a file in an existing, writable folder",
    )


@dataclasses.dataclass(frozen=True)
class Log:
    """The messages of the run."""

    level: str = key(
        "info",
        "The least serious messages that are written.",
        choices=("debug", "info", "warning", "error"),
    )
    format: str = key(
        "text",
        "Form of the messages: lines for people, or a JSON object a line for programs.",
        choices=("text", "json"),
    )
    hours_per_line: int = key(
        0,
        "Model time that one line of progress sums up; 0 writes a line each coupling interval.",
        unit="h",
        minimum=0,
        maximum=8784000,
    )
