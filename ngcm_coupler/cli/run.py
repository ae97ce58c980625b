"""``ngcm-coupler run``: a run without a coupler and without writing Fortran."""

from __future__ import annotations

import argparse
import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ngcm_coupler import couplers
from ngcm_coupler.cli import buildconfig, run_folder
from ngcm_coupler.cli.arguments import processes
from ngcm_coupler.cli.standard_output import warn
from ngcm_coupler.cli.tables import text_table
from ngcm_coupler.couplers import CoupledRun
from ngcm_coupler.errors import ConfigError, NgcmError

if TYPE_CHECKING:
    from ngcm_coupler.config import Config

DRIVER = "ngcm_driver"
"""The program that a run without a coupler is made of; each coupler has two of its own."""


def completed(program: str) -> str:
    """How a program's last line begins; an abort inside MPI that exits with 0 lacks it."""
    return f"{program}: completed"


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Adds the command to ``ngcm-coupler``."""
    parser = subparsers.add_parser(
        "run",
        help="run the atmosphere over slabs of sea, ice and land, or with an ocean through OASIS",
        description=(
            "Check a namelist, then run the driver with it under mpirun: the atmosphere over "
            "slabs of sea, ice and land. With exports in &ngcm_oasis it is the atmosphere and an "
            "ocean on a grid of its own, coupled by OASIS3-MCT. The exit code is that of the run; "
            "75 says that it has stopped early and left a restart: run it again to go on."
        ),
    )
    run_folder.add_arguments(parser)
    parser.add_argument(
        "-n", dest="ranks", type=processes, default=1, metavar="RANKS", help="MPI ranks (1)"
    )
    parser.add_argument(
        "--ocean-ranks",
        type=processes,
        default=1,
        metavar="RANKS",
        help="MPI ranks of the ocean of a run through OASIS (1)",
    )
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    from ngcm_coupler import config as configuration
    from ngcm_coupler.config.namelist import require_lasting

    namelist = args.namelist.absolute()
    require_lasting(args.namelist)
    with run_folder.entered(args) as config:
        if faults := configuration.driver_faults(config):
            raise ConfigError(faults, config.doubts)
        warn(configuration.driver_warnings(config))
        coupled = couplers.coupled_run(config)
        programs = {DRIVER: args.ranks}
        if coupled:
            programs = dict(zip(coupled.programs, (args.ranks, args.ocean_ranks), strict=True))
        started = [
            ["-n", str(ranks), str(_program(name, coupled)), str(namelist)]
            for name, ranks in programs.items()
        ]
        # The programs find faults too, but each by itself and OASIS one at a time.
        couplers.require_run_folder(config)
        command = [*_launcher(), *started[0]]
        for more in started[1:]:
            command += [":", *more]
        code, unfinished = _stream(command, set(programs), _stop_signal(config, command[0]))
        if not unfinished:
            _tell(config, coupled)
    if code == 0 and unfinished:
        lacking = " and ".join(f"`{completed(name)} ...`" for name in sorted(unfinished))
        print(
            f"The run ended with exit code 0 but without the line {lacking}: "
            "it did not reach its end. The last lines above tell where it stopped.",
            file=sys.stderr,
        )
        return 1
    if name := _fatal_signal(code):
        firsts = zip(programs, (0, args.ranks), strict=False)
        who = ", ".join(f"{program} from rank {first}" for program, first in firsts)
        print(
            f"Signal {name} has ended a rank, and mpirun all others: above it says which ({who}). "
            "SIGKILL often means that memory has run out, of which the system's log tells.",
            file=sys.stderr,
        )
    return code


def _fatal_signal(code: int) -> str:
    """Returns the name of the signal that an exit code tells of; empty for a user's own."""
    try:
        signal_ = signal.Signals(code - 128)
    except ValueError:
        return ""
    return "" if signal_ in (signal.SIGINT, signal.SIGTERM) else signal_.name


def _tell(config: Config, coupled: CoupledRun | None) -> None:
    """Says what a run has left, and how well both sides of a coupler agree on their exchange."""
    if coupled:
        told, header, cells = coupled.outcome(config, pathlib.Path())
        print(f"\n{told}")
        print(text_table(header, cells))
    if config.history.file:
        # A name may have places for date, period and member: files of one or several.
        files = re.sub(r"\{\w+\}", "*", config.history.file)
        print(f"The history of the run is in {pathlib.Path(files).absolute()}")


def _program(name: str, coupled: CoupledRun | None) -> pathlib.Path:
    program = buildconfig.prefix() / "bin" / name
    if not program.exists():
        reason = (
            f"the package was built where {coupled.installing}, and build the package again"
            if coupled
            else "the package was built with NGCM_BUILD_HOSTS=OFF; build it again without that"
        )
        raise NgcmError(f"there is no {program}: {reason}")
    return program


def _launcher() -> list[str]:
    """Returns mpirun with the options that keep JAX's threads from sharing one core.

    Raises:
      NgcmError: there is no mpirun.
    """
    mpirun = shutil.which("mpirun")
    if mpirun is None:
        raise NgcmError(
            "mpirun is not on PATH; load the MPI that the host uses (Debian and Ubuntu: package "
            "openmpi-bin), or start the driver yourself, as with `srun "
            f"{buildconfig.prefix()}/bin/ngcm_driver FILE.nml`"
        )
    version = _version(mpirun)
    if _is_open_mpi(mpirun):
        options = ["--bind-to", "none", "--mca", "mpi_yield_when_idle", "1"]
        return [mpirun, *options, *(["--allow-run-as-root"] if os.geteuid() == 0 else [])]
    if "Intel" in version:
        return [mpirun, "-genv", "I_MPI_PIN", "0"]
    if "HYDRA" in version:
        return [mpirun, "-bind-to", "none"]
    return [mpirun]


def _version(mpirun: str) -> str:
    command = [mpirun, "--version"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _is_open_mpi(mpirun: str) -> bool:
    version = _version(mpirun)
    return "Open MPI" in version or "OpenRTE" in version


def _stop_signal(config: Config, mpirun: str) -> int:
    """The signal that mpirun gets for SIGTERM.

    SIGTERM itself makes it end all ranks within a second or so. Open MPI's hands SIGUSR1 on to
    them, at which the driver writes a restart and stops, if the namelist says where to.
    """
    restart = config.restart
    stops = (restart.folder or restart.write_file) and not config.coupler
    return signal.SIGUSR1 if stops and _is_open_mpi(mpirun) else signal.SIGTERM


def _stream(
    command: list[str], programs: set[str], stop: int = signal.SIGTERM
) -> tuple[int, set[str]]:
    """Runs a command, passes its output on line by line, and looks for the success markers.

    Args:
      command: the command.
      programs: whose success markers to look for.
      stop: signal to send it on SIGTERM.

    Returns:
      The exit code as a shell gives it, and the programs whose marker has not come.
    """
    unfinished = set(programs)
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors="replace") as process,
        _signals_reach(process, stop),
    ):
        for line in process.stdout or ():
            try:
                sys.stdout.write(line)
                sys.stdout.flush()
            except OSError:
                # A run that nobody hears of is stopped, with a restart where one is kept.
                process.send_signal(stop)
                for _ in process.stdout or ():
                    pass
                raise
            unfinished -= {name for name in unfinished if line.startswith(completed(name))}
    code = process.returncode
    return (128 - code if code < 0 else code), unfinished


@contextlib.contextmanager
def _signals_reach(process: subprocess.Popen, stop: int) -> Iterator[None]:
    """Leaves ending a run early to mpirun, which ends all ranks; Ctrl-C reaches it by itself."""
    previous = {
        signal.SIGTERM: signal.signal(signal.SIGTERM, lambda *_: process.send_signal(stop)),
        signal.SIGUSR1: signal.signal(signal.SIGUSR1, lambda *_: process.send_signal(stop)),
        signal.SIGINT: signal.signal(signal.SIGINT, lambda *_: None),
    }
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
