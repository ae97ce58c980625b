"""``ngcm-coupler batch``: a job script that runs a chain of segments.

`chain` says where the next segment of a chain starts and ends, `segment_namelist` writes its
namelist, and `script` the job script, whose commands `launch` makes. The command `segment` is what
such a script calls.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ngcm_coupler.cli.arguments import fraction, path, processes
from ngcm_coupler.cli.batch import segment
from ngcm_coupler.cli.batch.job import SYSTEMS, Job, seconds_of
from ngcm_coupler.cli.batch.quoting import word
from ngcm_coupler.cli.standard_output import warn
from ngcm_coupler.errors import ConfigError, OutputError, told

if TYPE_CHECKING:
    from ngcm_coupler.config import Config

_START = {"slurm": "sbatch", "pbs": "qsub", "plain": "sh"}


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Adds the command to ``ngcm-coupler``."""
    parser = subparsers.add_parser(
        "batch",
        help="write a job script for Slurm, PBS or a shell",
        description="Write a job script that runs a chain of segments in the current folder, each "
        "from the newest restart file, until the stop date. Under Slurm and PBS each job runs one "
        "and submits the next; after a segment that failed none follows.",
    )
    parser.add_argument("namelist", type=path, metavar="FILE.nml", help="namelist of the chain")
    parser.add_argument("--system", choices=SYSTEMS, required=True, help="the batch system")
    parser.add_argument(
        "--output", type=path, metavar="SCRIPT", help="the script (FILE.slurm, .pbs or .sh)"
    )
    segment.add_chain_arguments(parser)
    parser.add_argument("-n", "--ranks", type=processes, default=1, help="MPI ranks (1)")
    parser.add_argument(
        "--ocean", default="", metavar="COMMAND", help="program of the ocean and its arguments"
    )
    parser.add_argument(
        "--ocean-ranks", type=processes, default=1, help="MPI ranks of the ocean (1)"
    )
    parser.add_argument("--nodes", type=processes, default=1, help="nodes (1)")
    parser.add_argument(
        "--cpus-per-rank", type=processes, default=0, help="cores that a rank is bound to (unbound)"
    )
    parser.add_argument("--gpu", action="store_true", help="the atmosphere gets a GPU")
    parser.add_argument(
        "--gpu-memory", type=fraction, default=0.75, help="fraction of its memory (0.75)"
    )
    parser.add_argument(
        "--time", default="", metavar="HH:MM:SS", help="time that the job of a segment may take"
    )
    parser.add_argument("--account", default="", help="account of the job")
    parser.add_argument("--queue", default="", help="queue or partition")
    parser.add_argument("--mpi", default="", help="type of MPI for srun, such as pmix")
    parser.add_argument(
        "--setup", action="append", default=[], metavar="LINE", help="line to run first; repeatable"
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from ngcm_coupler import engine
    from ngcm_coupler.cli.batch import chain, script
    from ngcm_coupler.cli.batch.segment_namelist import settings
    from ngcm_coupler.config.namelist import require_lasting

    require_lasting(arguments.namelist)
    loaded = engine.load(str(arguments.namelist))
    config = segment.chain_config(loaded, arguments.stop_date, arguments.hours)
    job = _job(arguments, config)
    if faults := [*chain.faults(config), *_faults(arguments, config, job)]:
        raise ConfigError(faults, loaded.doubts)
    warn(loaded.doubts)
    if following := chain.next_segment(config):
        # What would keep the first job from starting is told now.
        limit = job.wall_clock_seconds if job.stops_early else 0
        changes = settings(config, following, limit)
        segment.segment_text(arguments.namelist, loaded, changes)
    try:
        # Both systems want the folder of their log to be there before the job starts.
        (job.folder / script.LOGS).mkdir(exist_ok=True)
        with job.script.open("x", encoding="utf-8", errors="surrogateescape") as file:
            try:
                file.write(script.text(job))
                file.flush()
                job.script.chmod(0o755)
            except OSError:
                job.script.unlink()  # or it would keep the next attempt from its name
                raise
    except FileExistsError as error:
        raise OutputError(
            f"{job.script} exists, and may have been changed by hand; remove it, or give another"
            " name with --output"
        ) from error
    except OSError as error:
        raise OutputError(f"{job.script} cannot be written ({told(error)})") from error
    start = f"{_START[job.system]} {word(job.script.name)}"
    print(f"{job.script}\nstart the chain with `{start}`")
    return 0


def _job(arguments: argparse.Namespace, config: Config) -> Job:
    from ngcm_coupler.cli import buildconfig
    from ngcm_coupler.cli.run import DRIVER
    from ngcm_coupler.couplers import coupled_run

    folder = Path.cwd()
    try:
        seconds = seconds_of(arguments.time) if arguments.time else 0
    except ValueError as error:
        raise ConfigError(f"--time {error}") from error
    coupled = coupled_run(config)
    programs: tuple[str, ...] = (DRIVER,)
    ranks: tuple[int, ...] = (arguments.ranks,)
    if coupled:
        atmosphere, ocean = coupled.programs
        programs = atmosphere, arguments.ocean or ocean
        ranks = arguments.ranks, arguments.ocean_ranks
    output = arguments.output or Path(arguments.namelist.stem + SYSTEMS[arguments.system])
    return Job(
        system=arguments.system,
        # PBS takes no more than 15 characters, of these.
        name=re.sub(r"[^\w-]", "_", arguments.namelist.stem, flags=re.ASCII)[:15],
        script=output.absolute(),
        folder=folder,
        namelist=arguments.namelist,
        paths=(Path(sys.prefix) / "bin", buildconfig.prefix() / "bin"),
        programs=programs,
        ranks=ranks,
        own_ocean=bool(coupled) and not arguments.ocean,
        restarts=config.restart.folder,
        stop_date=arguments.stop_date,
        segment_hours=arguments.hours,
        wall_clock_seconds=seconds,
        stops_early=not config.coupler or config.coupler.stops_early,
        nodes=arguments.nodes,
        cpus_per_rank=arguments.cpus_per_rank,
        gpu=arguments.gpu,
        gpu_memory=arguments.gpu_memory,
        account=arguments.account,
        queue=arguments.queue,
        mpi=arguments.mpi,
        setup=tuple(arguments.setup),
        modules=_modules(config),
    )


def _modules(config: Config) -> tuple[Path, ...]:
    """Where Python finds an engine from outside, as it has found it here."""
    from ngcm_coupler.config.model_groups import BUILT_IN_ENGINES

    if config.model.engine in BUILT_IN_ENGINES:
        return ()
    folders = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return tuple(Path(folder).absolute() for folder in folders if folder)


def _faults(arguments: argparse.Namespace, config: Config, job: Job) -> list[str]:
    """What keeps the job from being one."""
    found, platform = [], config.device.platform
    if job.gpu and platform != "gpu":
        found.append(
            f"--gpu with &ngcm_device platform = '{platform}': a job whose GPU is not found would"
            " run on CPUs; set platform = 'gpu'"
        )
    if platform == "gpu" and not job.gpu:
        found.append("&ngcm_device platform = 'gpu' needs a GPU; give --gpu")
    if job.nodes > sum(job.ranks):
        found.append(
            f"--nodes {job.nodes} are more than the {sum(job.ranks)} MPI ranks of the run; give"
            " each node one, or fewer nodes"
        )
    if arguments.ocean and not job.coupled:
        found.append("--ocean needs a run through OASIS; set &ngcm_oasis exports")
    if job.coupled and config.oasis_ocean.write_file == "" and job.own_ocean:
        found.append(
            "&oasis_ocean write_file = '' leaves the next segment no state of the ocean to go on"
            " from; give a file, or an ocean of your own with --ocean"
        )
    if job.mpi and job.system != "slurm":
        found.append(f"--mpi is an option of srun; leave it out for {job.system}")
    return found
