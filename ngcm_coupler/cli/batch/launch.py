"""The command that starts the programs of a segment: srun, mpiexec or `ngcm-coupler run`."""

from __future__ import annotations

from ngcm_coupler.cli.batch.job import Job
from ngcm_coupler.cli.batch.quoting import word

NAMELIST = '"$log/run.nml"'
"""The namelist of the segment, as the shell of a script knows it."""

_OUTPUT = '> "$log/run.log" 2>&1 || code=$?'


def commands(job: Job) -> list[str]:
    """Lines of shell that run a segment and leave its exit code in ``code``."""
    if job.system == "slurm":
        lines = _srun(job)
    elif job.system == "plain" and (job.own_ocean or not job.coupled):
        # It starts mpirun as it has to be started here, and sees to the success marker itself.
        ocean = f" --ocean-ranks {job.ranks[1]}" if job.coupled else ""
        return [
            "code=0",
            f"ngcm-coupler run {NAMELIST} -n {job.ranks[0]}{ocean} {_OUTPUT}",
        ]
    else:
        lines = _mpiexec(job)
    return [
        "code=0",
        *lines,
        "# An abort inside MPI may exit with 0: only the last line of the log tells the end.",
        f'if [ "$code" -eq 0 ] && ! grep -q \'^{job.programs[0]}: completed\' "$log/run.log"; then',
        "  code=1",
        "fi",
    ]


def _srun(job: Job) -> list[str]:
    options = [f"--ntasks={sum(job.ranks)}"]
    if job.mpi:
        options.append(f"--mpi={word(job.mpi)}")
    if job.cpus_per_rank:
        options += [f"--cpus-per-task={job.cpus_per_rank}", "--cpu-bind=cores"]
    else:
        options.append("--cpu-bind=none")
    # One task that fails must not leave the others waiting for it until the limit.
    options += ["--kill-on-bad-exit=1"] if not job.stops_early else []
    line = f"srun {' '.join(options)}"
    if not job.coupled:
        return [f"{line} {job.programs[0]} {NAMELIST} {_OUTPUT}"]
    atmosphere, ocean = job.ranks
    return [
        "# Which ranks run which program.",
        'cat > "$log/programs.conf" <<END',
        f"{_span(0, atmosphere)} {job.programs[0]} $log/run.nml",
        f"{_span(atmosphere, ocean)} {_ocean(job, '$log/run.nml')}",
        "END",
        f'{line} --multi-prog "$log/programs.conf" {_OUTPUT}',
    ]


def _mpiexec(job: Job) -> list[str]:
    binding = (
        f"--map-by slot:PE={job.cpus_per_rank} --bind-to core"
        if job.cpus_per_rank
        else "--bind-to none"
    )
    line = f"mpiexec {binding} -n {job.ranks[0]} {job.programs[0]} {NAMELIST}"
    if job.coupled:
        line += f" \\\n  : -n {job.ranks[1]} {_ocean(job, NAMELIST)}"
    return [f"{line} {_OUTPUT}"]


def _ocean(job: Job, namelist: str) -> str:
    return f"{job.programs[1]} {namelist}" if job.own_ocean else job.programs[1]


def _span(first: int, count: int) -> str:
    return str(first) if count == 1 else f"{first}-{first + count - 1}"
