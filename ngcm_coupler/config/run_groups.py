"""The namelist groups of a run: members, hardware, output, restarts, limits and log.

Written like the groups of the model in `ngcm_coupler.config.model_groups`.
"""

from __future__ import annotations

import dataclasses

from ngcm_coupler import fields
from ngcm_coupler.clock import calendars
from ngcm_coupler.config.keys import (
    joined_problem,
    key,
    neutral_key,
    twice_problem,
    unknown_problem,
)
from ngcm_coupler.fields import levels as pressure_levels

ANALYTIC_START_DATE = "2000-01-01T00:00:00"
"""Where the analytic engine starts without a date of the user's."""

CONTROL = 0
"""Number of the member that is the run without an ensemble."""

_DATE_NOTE = "'' or YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS, a date of the calendar"


def _date_problem(date: str) -> str | None:
    return calendars.date_problem(date) if date else None


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
        compared="the date at which the run has begun",
        traced=False,
        reaches="as an argument, the date of an interval",
    )
    stop_date: str = neutral_key(
        "",
        "Date at which a chain of runs, each continuing the one before, is complete; '' where "
        "the length of one run is all there is.",
        note=_DATE_NOTE,
        check=_date_problem,
    )


@dataclasses.dataclass(frozen=True)
class Ensemble:
    """Several members of the atmosphere in one run."""

    members: int = key(
        1,
        "Number of members.",
        minimum=1,
        maximum=100000,
        compared="the members one by one",
        traced=False,
        reaches="as how many states there are",
    )
    first_member: int = key(
        CONTROL,
        f"Number of the first member. {CONTROL} is the control, which is the run without an "
        "ensemble; every other number has random fields and an initial perturbation of its own, "
        "the same in whatever ensemble it is.",
        minimum=0,
        maximum=2**31 - 1,
        compared="the members one by one",
        traced=False,
        reaches="as an argument, the random key of a member",
    )
    coupling: str = key(
        "mean",
        "What the members are coupled to: 'mean', to one host, which gets their mean; 'each', each "
        "member to a host of its own: the points of a field are then those of all members, one "
        "after the other.",
        choices=("mean", "each"),
        traced=False,
        reaches="as the shape of an argument, the imports of a batch",
    )
    perturbation_kelvin: float = key(
        0.0,
        "Standard deviation of the noise that is added to the air temperature of the initial state "
        "of every member but the control, as far as the model resolves it.",
        unit="K",
        minimum=0.0,
        maximum=10.0,
        traced=False,
        reaches="as an argument of what perturbs a state",
    )
    computed: str = neutral_key(
        "auto",
        "How the members of a rank are computed: 'in_turn', so that the bits of a member do not "
        "depend on the others; as one 'batch', which a GPU does faster; 'auto', in turn on a CPU "
        "and as a batch on a GPU.",
        choices=("auto", "in_turn", "batch"),
    )


@dataclasses.dataclass(frozen=True)
class Device:
    """The hardware."""

    platform: str = neutral_key(
        "auto",
        "Where the model runs; 'auto' leaves the choice to JAX, which prefers a GPU.",
        choices=("auto", "cpu", "gpu"),
    )
    allow_cpu: bool = neutral_key(
        False,
        "Whether to run on the CPU although platform is 'gpu' and there is none, or 'auto' and JAX "
        "cannot use the GPU that there is; otherwise the run is refused.",
    )
    owners_per_node: int = neutral_key(
        1,
        "Most ranks of a node that hold members, each on a GPU of its own: the first ones of every "
        "node, and no more than there are members.",
        minimum=1,
        maximum=1024,
    )
    level_parts: int = neutral_key(
        1,
        "Ranks that share one model, each with a part of its levels on a device of its own, for a "
        "model that one device cannot hold; there is one member then. The first owners_per_node "
        "ranks of every node take part.",
        minimum=1,
        maximum=1024,
    )
    memory_fraction: float = neutral_key(
        0.0,
        "Part of the GPU's memory that a rank takes at the start; 0 leaves it to JAX.",
        unit="1",
        minimum=0.0,
        maximum=1.0,
    )
    keep_compiled: str = neutral_key(
        "executables",
        "What of the compiled code stays for the next run: executables, which start without "
        "tracing the model again; 'jax_cache' is JAX's own cache alone, which saves the compiler; "
        "'nothing' compiles in every run.",
        choices=("executables", "jax_cache", "nothing"),
    )
    cache_folder: str = neutral_key(
        "",
        "Where compiled code stays, a folder that no other user can write to; empty for "
        "ngcm_coupler in $XDG_CACHE_HOME or ~/.cache.",
    )


def _fields_problem(names: tuple[str, ...]) -> str | None:
    known = [field.name for field in fields.FIELDS]
    return joined_problem(unknown_problem(names, known, "field"), twice_problem(names))


def _levels_problem(pressures_hpa: tuple[int, ...]) -> str | None:
    negative = any(pressure <= 0 for pressure in pressures_hpa)
    return joined_problem(
        "holds a pressure that is not positive" if negative else None, twice_problem(pressures_hpa)
    )


@dataclasses.dataclass(frozen=True)
class History:
    """The output."""

    file: str = neutral_key(
        "",
        "netCDF file of fields over time; '' writes none. {date} in the name stands for the model "
        "date at which the run begins, {period} for the month or year that file_period asks for.",
        note="'' or a file in an existing, writable folder",
        path="out",
    )
    file_period: str = neutral_key(
        "run",
        "Time that one file holds: that of the run, or a month or year of the calendar, which a "
        "run that continues in the middle of it goes on filling.",
        choices=("run", "month", "year"),
        needs="file",
    )
    fields: tuple[str, ...] = neutral_key(
        (),
        "Exchanged fields to write; '' writes all.",
        note="'' or fields as `ngcm-coupler fields` lists them, none twice",
        check=_fields_problem,
        needs="file",
    )
    level_fields: tuple[str, ...] = neutral_key(
        (),
        "Fields of the air to write on levels of constant pressure, by the names that the model's "
        "decoder has for them; '' writes none.",
        choices=tuple(row.decoder for row in pressure_levels.LEVEL_FIELDS),
        note="'' or as many as the model decodes, none twice",
        check=twice_problem,
        needs="file",
    )
    pressure_levels_hpa: tuple[int, ...] = neutral_key(
        (),
        "Levels for level_fields; '' writes all that the model decodes.",
        items=int,
        unit="hPa",
        note="'' or levels that the model decodes, none twice",
        check=_levels_problem,
        needs="level_fields",
    )
    interval_hours: int = neutral_key(
        0,
        "Time between records, whole coupling intervals; 0 writes one each coupling interval.",
        unit="h",
        minimum=0,
        maximum=8784000,
        needs="file",
    )
    record: str = neutral_key(
        "instant",
        "What a record holds: 'instant', states at its date and fluxes of the coupling interval "
        "that ends there; 'mean', means over the time since the record before; 'monthly_mean', "
        "over each month of the calendar.",
        choices=("instant", "mean", "monthly_mean"),
        needs="file",
    )
    compression_level: int = neutral_key(
        1, "Effort of compression; 0 for none.", minimum=0, maximum=9, needs="file"
    )
    budget_file: str = neutral_key(
        "",
        "netCDF file of the budgets of heat, water, momentum and dry air, one record an interval; "
        "'' writes none; {date} as above; {member} stands for the number of the member.",
        note="'' or a file in an existing, writable folder",
        path="out",
    )


@dataclasses.dataclass(frozen=True)
class Restart:
    """The continuation of an earlier run, and what this one leaves to be continued."""

    read_file: str = neutral_key(
        "",
        "Restart file to start from instead of the initial state, or a folder: then the newest in "
        "it. The folder of this run may still be empty: then it begins. '' for none.",
        note="'' or an existing file, a folder of restart files, or the folder of this run",
        path="in",
    )
    branch: bool = neutral_key(
        False,
        "Whether keys that change results may differ from those of the run that wrote the restart: "
        "a new experiment that starts from its state.",
        needs="read_file",
    )
    write_file: str = neutral_key(
        "",
        "Restart file that a run of ours writes at its end; '' writes none.",
        note="'' or a file in an existing, writable folder",
        path="state",
    )
    folder: str = neutral_key(
        "",
        "Folder for restart files with the model date in their names, and the file 'latest' that "
        "names the newest; '' for none. It is made if it is missing.",
        note="'' or a folder, or one to make in an existing, writable one",
        path="folder",
    )
    interval_hours: int = neutral_key(
        0,
        "Time between restart files in the folder, whole coupling intervals; 0 writes one at the "
        "end only.",
        unit="h",
        minimum=0,
        maximum=8784000,
        needs="folder",
    )
    keep: int = neutral_key(
        3, "Restart files that stay in the folder.", minimum=1, maximum=10000, needs="folder"
    )


@dataclasses.dataclass(frozen=True)
class Limits:
    """The limits of a batch job: when to stop, and when to give up."""

    wall_clock_seconds: int = neutral_key(
        0,
        "Time that the job may take, from its start; before it is over the run writes a restart "
        "and stops. 0 for no limit.",
        unit="s",
        minimum=0,
        maximum=31622400,
    )
    margin_seconds: int = neutral_key(
        120,
        "Time to spare before the limit, beside that of one interval and of a restart: start-up "
        "and end of the job. A margin as long as the limit leaves time for one interval.",
        unit="s",
        minimum=0,
        maximum=86400,
    )
    timeout_seconds: int = neutral_key(
        -1,
        "Longest time that one interval may take, the host's part included, and in the first the "
        "compilation; a run of ours that takes longer is ended and says where. 0 for no limit. "
        "-1: none for a host that computes itself; through a coupler, from the third interval on, "
        "ten times the longest so far, and at least 120 s.",
        unit="s",
        minimum=-1,
        maximum=31622400,
    )


@dataclasses.dataclass(frozen=True)
class Recording:
    """All that goes in and out of the atmosphere, for `ngcm-coupler replay`."""

    file: str = neutral_key(
        "",
        "netCDF file of the state at the start and of the imports and exports of every interval, "
        "from which the atmosphere can be run again without its host; '' writes none; {date} and "
        "{member} as in &ngcm_history.",
        note="'' or a file in an existing, writable folder",
        path="out",
    )


@dataclasses.dataclass(frozen=True)
class Log:
    """The messages of the run."""

    level: str = neutral_key(
        "info",
        "The least serious messages that are written.",
        choices=("debug", "info", "warning", "error"),
    )
    format: str = neutral_key(
        "text",
        "Form of the messages: lines for people, or a JSON object a line for programs.",
        choices=("text", "json"),
    )
    hours_per_line: int = neutral_key(
        0,
        "Model time that one line of progress sums up; 0 writes a line each coupling interval.",
        unit="h",
        minimum=0,
        maximum=8784000,
    )
