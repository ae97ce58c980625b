"""From the text of a namelist to a checked `Config`, or to every fault at once."""

from __future__ import annotations

import logging

from ngcm_coupler.config.document import Document, Rule
from ngcm_coupler.config.file_rules import file_conflicts
from ngcm_coupler.config.output_rules import idle_conflicts
from ngcm_coupler.config.rules import RULES, length_conflicts, slab_conflicts
from ngcm_coupler.config.settings import ATTRIBUTES, GROUPS, PROGRAMS, SURFACES, Config
from ngcm_coupler.errors import ConfigError, shown

_log = logging.getLogger(__name__)


def parse(
    text: str, name: str = "namelist", *further_rules: Rule, with_files: bool = True
) -> Config:
    """Reads the text of a namelist; `name` stands for it in messages.

    Args:
      text: the text.
      name: what it is called.
      *further_rules: rules to apply beside those of `ngcm_coupler.config`.
      with_files: whether its files must be there and none of its keys without effect; for a run
        that has been elsewhere, or of an earlier version, neither need be so.

    Raises:
      ConfigError: the text cannot be used; carries every fault.
    """
    document = Document(text)
    if document.is_empty and not document.faults:
        _log.warning("%s holds no group: every key has its default", shown(name, 400))
    config = Config(
        **{
            attribute: GROUPS[group](**document.settings.get(group, {}))
            for group, attribute in ATTRIBUTES.items()
        },
        named=PROGRAMS & document.settings.keys(),
    )
    rules: list[Rule] = [*([file_conflicts, idle_conflicts] if with_files else []), *RULES]
    # A host with an ocean of its own need not make the driver's defaults fit its interval. Through
    # a coupler it has &ngcm_driver all the same, which says the length of the run.
    if config.named:
        rules.append(length_conflicts)
    if config.named & (SURFACES if config.coupler else PROGRAMS):
        rules.append(slab_conflicts)
    for rule in (*rules, *further_rules):
        document.judge(rule(config))
    if document.faults:
        raise ConfigError([fault.located(name) for fault in sorted(document.faults)])
    return config
