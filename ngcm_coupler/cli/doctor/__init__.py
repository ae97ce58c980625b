"""``ngcm-coupler doctor``: whether a run can work here, and what to do where it cannot."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from ngcm_coupler import python_path
from ngcm_coupler.cli.arguments import file
from ngcm_coupler.cli.doctor.findings import Absent, Concern, Finding, Report
from ngcm_coupler.cli.tables import text_table
from ngcm_coupler.errors import ConfigError, NgcmError


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Adds the command to ``ngcm-coupler``."""
    parser = subparsers.add_parser(
        "doctor",
        help="see whether this environment is fit for a run, with a remedy for each fault",
        description="Check what a run needs: Python, libngcm, MPI, compiler, device, memory, disk, "
        "netCDF and checkpoint, and with a namelist that namelist as `check` does. Under mpirun or "
        "srun every rank checks and one table is printed. The exit code is 1 where there is a "
        "fault.",
    )
    parser.add_argument(
        "namelist", nargs="?", type=file, metavar="FILE.nml", help="the namelist of a run"
    )
    parser.add_argument(
        "--measure",
        action="store_true",
        help="run one coupling interval and print the memory that it takes, instead",
    )
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from ngcm_coupler import config as configuration

    # Values that cannot be used are findings below; until then the defaults stand for them.
    config, faults, doubts = configuration.Config(), [], ()
    if arguments.namelist:
        from ngcm_coupler import engine
        from ngcm_coupler.cli.check import FILE_RULES, run_folder_rule
        from ngcm_coupler.config.namelist import require_lasting

        try:
            require_lasting(arguments.namelist)
            config = engine.load(arguments.namelist)
            engine.load(arguments.namelist, engine.contents_rule, *FILE_RULES, run_folder_rule)
        except ConfigError as error:
            faults, doubts = error.faults, error.doubts
        else:
            doubts = config.doubts
    if arguments.measure:
        from ngcm_coupler.cli.doctor import memory

        if faults:
            raise ConfigError(faults)
        print(memory.measured(config))
        return 0

    from ngcm_coupler.cli.doctor import machine, mpi, python

    checks: dict[str, Callable[[], str]] = {
        **python.checks(),
        **mpi.checks(),
        **machine.checks(config),
    }
    findings = [_finding(name, check) for name, check in checks.items()]
    if arguments.namelist:
        findings += [Finding("namelist", "fault", fault) for fault in faults]
        if doubts:
            findings.append(Finding("namelist", "warning", "; ".join(doubts)))
        elif not faults:
            findings.append(Finding("namelist", "ok", arguments.namelist))
    reports = mpi.gathered(findings)
    if reports is None:  # the first rank tells
        return 0
    print(table(reports), end="")
    count = len({each for _, report in reports for each in report if each.state == "fault"})
    if count:
        print(f"{count} fault{'s' if count > 1 else ''}", file=sys.stderr)
    return 1 if count else 0


def _finding(name: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(name, "ok", check())
    except Absent as error:
        return Finding(name, "-", str(error))
    except Concern as error:
        return Finding(name, "warning", str(error))
    except Exception as error:  # whatever it is, the other checks have to be told too
        kind = "" if isinstance(error, NgcmError) else f"{type(error).__name__}: "
        remedy = python_path.remedy(error)
        said = f"{kind}{error}"
        return Finding(name, "fault", said if not remedy or remedy in said else f"{said}; {remedy}")


def table(reports: Sequence[tuple[str, Report]]) -> str:
    """One row for each check, or for each different fault and the ranks that have it.

    Args:
      reports: host and findings of every rank.
    """
    rows: dict[tuple[str, str, str], list[int]] = {}
    order = list(dict.fromkeys(finding.check for _, report in reports for finding in report))
    for rank, (_, report) in enumerate(reports):
        for finding in report:
            # Where all is well, the first rank's text stands for all.
            text = finding.text if finding.state == "fault" else ""
            rows.setdefault((finding.check, finding.state, text), []).append(rank)
    first = {finding.check: finding.text for finding in reversed(reports[0][1])}
    body = []
    for check, state, text in sorted(rows, key=lambda row: order.index(row[0])):
        ranks = rows[check, state, text]
        cells = [state, check]
        if len(reports) > 1:
            cells.append("all" if len(ranks) == len(reports) else _where(ranks, reports))
        shown = text or next(
            (f.text for f in reports[ranks[0]][1] if (f.check, f.state) == (check, state)),
            first.get(check, ""),
        )
        body.append([*cells, shown.replace("\n", "; ")])
    header = ["state", "check", *(["ranks"] if len(reports) > 1 else []), "what was found"]
    return text_table(header, body)


def _where(ranks: Sequence[int], reports: Sequence[tuple[str, Report]]) -> str:
    hosts = ", ".join(dict.fromkeys(reports[rank][0] for rank in ranks))
    return f"{', '.join(map(str, ranks))} ({hosts})"
