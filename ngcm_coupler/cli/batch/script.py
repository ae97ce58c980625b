"""The job script: short, so that it can be read and changed."""

from __future__ import annotations

import textwrap

from ngcm_coupler.cli.batch import launch
from ngcm_coupler.cli.batch.job import Job, clock_text
from ngcm_coupler.cli.batch.quoting import word

STOPS = 3
"""Segments in a row that may stop early without having come further."""

LOGS = "logs"
"""Folder, in that of the run, with a folder for each segment."""

_JOB_IDS = {"slurm": "${SLURM_JOB_ID:-$$}", "pbs": "${PBS_JOBID:-$$}", "plain": "$$.$stops"}
_SUBMIT = {
    "slurm": 'sbatch --export="ALL,NGCM_STOPS=$stops" "$script"',
    "pbs": 'qsub -v "NGCM_STOPS=$stops" "$script"',
}


def text(job: Job) -> str:
    """The script of a job."""
    body = "\n\n".join(
        "\n".join(lines) for lines in (_begin(job), _launch(job), _archive(job), _end(job))
    )
    if job.system == "plain":
        body = f"stops=0\nwhile true; do\n{textwrap.indent(body, '  ')}\ndone"
    else:
        body = f"stops=${{NGCM_STOPS:-0}}\n\n{body}"
    return "\n".join([*_directives(job), *_head(job), *_environment(job), "", body]) + "\n"


def _directives(job: Job) -> list[str]:
    """The first line, and what is asked of the batch system."""
    tasks, limit = sum(job.ranks), job.wall_clock_seconds
    if job.system == "slurm":
        options = [f"--job-name={job.name}", f"--nodes={job.nodes}", f"--ntasks={tasks}"]
        options += [f"--cpus-per-task={job.cpus_per_rank}"] if job.cpus_per_rank else []
        options += ["--gres=gpu:1"] if job.gpu else []
        options += [f"--time={clock_text(limit)}"] if limit else []
        options += [f"--account={word(job.account)}"] if job.account else []
        options += [f"--partition={word(job.queue)}"] if job.queue else []
        logs = str(job.folder / LOGS).replace("%", "%%")
        options.append(f"--output={word(f'{logs}/%x.%j.out')}")
        return ["#!/bin/bash", *(f"#SBATCH {option}" for option in options)]
    if job.system == "pbs":
        ranks = -(-tasks // job.nodes)
        chunk = f"{job.nodes}:ncpus={ranks * max(1, job.cpus_per_rank)}:mpiprocs={ranks}"
        options = [f"-N {job.name}", f"-l select={chunk}{':ngpus=1' if job.gpu else ''}"]
        options += [f"-l walltime={clock_text(limit)}"] if limit else []
        options += [f"-A {word(job.account)}"] if job.account else []
        options += [f"-q {word(job.queue)}"] if job.queue else []
        options += ["-j oe", f"-o {word(f'{job.folder / LOGS}/')}"]
        return ["#!/bin/bash", *(f"#PBS {option}" for option in options)]
    return ["#!/bin/sh"]


def _head(job: Job) -> list[str]:
    """What the script does, and where."""
    lines = [
        f"# Segments of {job.namelist.name} until the stop date, each from the newest restart on."
    ]
    if job.system == "plain":
        lines += [
            "# Made by `ngcm-coupler batch`; change it as you like. Segments follow each other"
        ]
        lines += ["# until one fails: look into its folder in logs/, then start this again."]
    else:
        lines += [
            "# Made by `ngcm-coupler batch`; change it as you like. Each job runs one segment and"
        ]
        lines += [
            "# submits the next, but none after one that failed: look into its folder in logs/,"
        ]
        lines += ["# then submit this again."]
    lines += ["set -eu", f"cd {word(str(job.folder))}"]
    if job.system != "plain":
        lines.append(f"script={word(str(job.script))}")
    return lines


def _environment(job: Job) -> list[str]:
    paths = ":".join(word(str(path)) for path in job.paths)
    lines = ["", *job.setup, f'export PATH={paths}:"$PATH"']
    if job.modules:
        # A job of PBS does not get the environment that it is submitted from.
        modules = word(":".join(map(str, job.modules)))
        lines.append(f'export PYTHONPATH={modules}"${{PYTHONPATH:+:$PYTHONPATH}}"')
    lines.append(f"export OMP_NUM_THREADS={max(1, job.cpus_per_rank)}")
    if job.system != "slurm":
        lines += [
            "# Ranks that wait leave their cores to the atmosphere (Open MPI).",
            "export OMPI_MCA_mpi_yield_when_idle=1",
        ]
    if job.gpu:
        lines += [
            "# The atmosphere is on its first rank, which takes one GPU and so much of its memory.",
            f"export XLA_PYTHON_CLIENT_MEM_FRACTION={job.gpu_memory:g}",
        ]
        if job.system != "slurm":
            lines.append('export CUDA_VISIBLE_DEVICES="${CUDA_VISIBLE_DEVICES:-0}"')
    return lines


def _begin(job: Job) -> list[str]:
    limit = job.wall_clock_seconds
    lines = [
        f"segment=$({_segment(job)})",
        'if [ "$segment" = complete ]; then',
        '  echo "The chain is complete."',
        "  exit 0",
        "fi",
        f'log="{LOGS}/$segment.{_JOB_IDS[job.system]}"',
        'mkdir -p "$log"',
        f"{_segment(job)} --write {launch.NAMELIST}"
        + (f" --wall-clock {limit}" if limit and job.stops_early else ""),
    ]
    if job.coupled:
        lines += [
            "# OASIS overwrites its restart files: each segment starts from those of its own date.",
            f"newest=$(cat -- {word(f'{job.restarts}/latest')} 2>/dev/null || echo first)",
            f'saved={word(f"{job.restarts}/oasis_")}"$newest"',
            'if [ "$newest" = first ] && [ ! -d "$saved" ]; then',
            '  mkdir -p -- "$saved"',
            '  cp -- rst?.nc "$saved/"',
            "fi",
            'cp -- "$saved"/rst?.nc .',
            "# For the length of this segment; leave it out where the namcouple is your own.",
            f"ngcm-coupler namcouple --no-restarts {launch.NAMELIST}",
        ]
        if not job.own_ocean:
            lines.append("# Prepare the ocean's own segment, from the date $segment on, here.")
    return lines


def _launch(job: Job) -> list[str]:
    return ['echo "$(date +%FT%T) segment $segment starts, log in $log"', *launch.commands(job)]


def _archive(job: Job) -> list[str]:
    files = "nout.* debug.* *_fluxes.csv" if job.coupled else ""
    if not files:
        return ['echo "$(date +%FT%T) segment $segment ended with exit code $code"']
    return [
        'echo "$(date +%FT%T) segment $segment ended with exit code $code"',
        'cp namcouple "$log/"',
        f"for file in {files}; do",
        '  if [ -e "$file" ]; then mv "$file" "$log/"; fi',
        "done",
    ]


def _end(job: Job) -> list[str]:
    """0 is the end of a segment, 75 an early stop with a restart; all else is a failure."""
    lines = [
        'if [ "$code" -ne 0 ] && [ "$code" -ne 75 ]; then',
        '  echo "Segment $segment failed with exit code $code; see $log" >&2',
        '  exit "$code"',
        "fi",
        f"next=$({_segment(job)})",
        'if [ "$next" != "$segment" ]; then',
        "  stops=0",
        'elif [ "$code" -eq 0 ]; then',
        '  echo "Segment $segment left no restart of a later date; see $log" >&2',
        "  exit 1",
        "else",
        "  stops=$((stops + 1))",
        "fi",
        f'if [ "$stops" -ge {STOPS} ]; then',
        f'  echo "{STOPS} jobs in a row have come no further than $segment; see $log" >&2',
        "  exit 1",
        "fi",
    ]
    if job.coupled:
        lines += [
            f"newest=$(cat -- {word(f'{job.restarts}/latest')})",
            f'saved={word(f"{job.restarts}/oasis_")}"$newest"',
            'mkdir -p -- "$saved"',
            'cp -- rst?.nc "$saved/"',
        ]
    if job.system != "plain":
        lines += [
            'if [ "$next" = complete ]; then',
            '  echo "The chain is complete."',
            "else",
            f"  {_SUBMIT[job.system]}",
            "fi",
        ]
    return lines


def _segment(job: Job) -> str:
    """The command that says which segment is next."""
    words = ["ngcm-coupler", "segment", word(str(job.namelist))]
    words += ["--stop-date", word(job.stop_date)] if job.stop_date else []
    words += ["--hours", str(job.segment_hours)] if job.segment_hours else []
    return " ".join(words)
