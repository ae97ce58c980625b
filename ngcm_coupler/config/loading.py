"""From the text of a namelist to a checked `Config`, or to every fault at once."""

from __future__ import annotations

import dataclasses

from ngcm_coupler.config.document import Document, Rule
from ngcm_coupler.config.file_rules import file_conflicts
from ngcm_coupler.config.idle_rules import idle_conflicts
from ngcm_coupler.config.output_rules import line_conflicts
from ngcm_coupler.config.rules import RULES, length_conflicts, slab_conflicts
from ngcm_coupler.config.settings import ATTRIBUTES, GROUPS, PROGRAMS, SURFACES, Config
from ngcm_coupler.errors import ConfigError, shown


def parse(
    text: str, name: str = "namelist", *further_rules: Rule, with_files: bool = True
) -> Config:
    """Reads the text of a namelist; `name` stands for it in messages.

    Args:
      text: the text.
      name: what it is called.
      *further_rules: rules to apply beside those of `ngcm_coupler.config`.
      with_files: whether its files must be there, and a key without effect is warned of; for a
        run that has been elsewhere neither is of interest.

    Raises:
      ConfigError: the text cannot be used; carries every fault.
    """
    document = Document(text)
    config = Config(
        **{
            attribute: GROUPS[group](**document.settings.get(group, {}))
            for group, attribute in ATTRIBUTES.items()
        },
        named=PROGRAMS & document.settings.keys(),
    )
    rules: list[Rule] = [
        *([file_conflicts, idle_conflicts, line_conflicts] if with_files else []),
        *RULES,
    ]
    # A host with an ocean of its own need not make the driver's defaults fit its interval. Through
    # a coupler it has &ngcm_driver all the same, which says the length of the run.
    if config.named:
        rules.append(length_conflicts)
    if config.named & (SURFACES if config.coupler else PROGRAMS):
        rules.append(slab_conflicts)
    for rule in (*rules, *further_rules):
        document.judge(rule(config))
    doubts = [doubt.located(name) for doubt in sorted(document.doubts)]
    if document.faults:
        raise ConfigError([fault.located(name) for fault in sorted(document.faults)], doubts)
    if document.is_empty:
        doubts.append(f"{shown(name, 400)} holds no group: every key has its default")
    return dataclasses.replace(config, doubts=tuple(doubts))
