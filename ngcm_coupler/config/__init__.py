"""The configuration: all namelist groups together, read from a file and checked.

`parse` refuses what is not valid, with every fault at once. What an engine asks of the settings
`ngcm_coupler.engine` adds, whose `load` and `parse` are the doors for whoever runs. A group whose
name starts with ``ngcm_`` belongs to the plugin, and so do ``&slab_ocean``, ``&slab_ice``,
``&bucket_land`` and ``&oasis_ocean``; groups of other names belong to the host that shares the file
and are left alone.
"""

from ngcm_coupler.config.document import Conflict, Rule
from ngcm_coupler.config.file_rules import begins, continues, foreign_conflicts, unreadable
from ngcm_coupler.config.loading import parse
from ngcm_coupler.config.names import KEYS, Where, where
from ngcm_coupler.config.output_rules import driver_warnings
from ngcm_coupler.config.rules import (
    INTERVAL,
    driver_faults,
    multiple_of_step_fault,
    spectra_faults,
    stop_conflicts,
)
from ngcm_coupler.config.run_files import PERIOD_NAMES, TITLES, RunFile, overwritten, run_files
from ngcm_coupler.config.settings import DATE, GROUPS, MEMBER, PERIOD, Config

__all__ = [
    "DATE",
    "GROUPS",
    "INTERVAL",
    "KEYS",
    "MEMBER",
    "PERIOD",
    "PERIOD_NAMES",
    "TITLES",
    "Config",
    "Conflict",
    "Rule",
    "RunFile",
    "Where",
    "begins",
    "continues",
    "driver_faults",
    "driver_warnings",
    "foreign_conflicts",
    "multiple_of_step_fault",
    "overwritten",
    "parse",
    "run_files",
    "spectra_faults",
    "stop_conflicts",
    "unreadable",
    "where",
]
