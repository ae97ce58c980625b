"""The log of a process: where its messages go, and how a record reads as text or as JSON.

Figures travel with a record beside its text, so that both forms come from one call: see `event`.
A process whose host has set up `logging` itself keeps that; the figures are then the attributes
``event`` and ``figures`` of each record.
"""

from __future__ import annotations

import datetime
import json
import logging
import math
from typing import Any

from ngcm_coupler.errors import printable

_ROOT = "ngcm_coupler"


def set_up(level: str, form: str, rank: int, *, speaks: bool) -> None:
    """Sends the plugin's messages to standard error, unless the process has its own way.

    Args:
      level: the least serious messages that are written.
      form: ``text`` or ``json``.
      rank: of this process in the host's communicator.
      speaks: whether this rank tells the run; the others only tell their errors.
    """
    logger = logging.getLogger(_ROOT)
    logger.setLevel(level.upper() if speaks else logging.ERROR)
    if logging.getLogger().handlers:
        return
    if not logger.handlers:
        logger.addHandler(logging.StreamHandler())
        logger.propagate = False  # packages that are imported later give the root one of theirs
    for handler in logger.handlers:
        handler.setFormatter(JsonLines(rank) if form == "json" else TextLines(rank))


def reach(model_date: str) -> None:
    """Says which model date the run has reached; every record of JSON bears it."""
    for handler in logging.getLogger(_ROOT).handlers:
        if isinstance(handler.formatter, JsonLines):
            handler.formatter.model_date = model_date


def event(logger: logging.Logger, name: str, text: str, figures: dict[str, Any]) -> None:
    """Writes a record that is to be read by programs too.

    Args:
      logger: of the module that speaks.
      name: what kind of record it is; in JSON its ``event``.
      text: what a person reads.
      figures: what a program reads in place of the text; units are in the keys. NaN and None are
        null.
    """
    logger.info("%s", text, extra={"event": name, "figures": figures})


class TextLines(logging.Formatter):
    """Records for people. Ranks other than the first give their number."""

    def __init__(self, rank: int) -> None:
        """Args: rank: of this process."""
        who = f" rank {rank}:" if rank else ""
        super().__init__(f"%(asctime)s %(name)s %(levelname)s{who} %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """The record, in which a name or text of others is nothing but text."""
        return printable(super().format(record))


class JsonLines(logging.Formatter):
    """Records for programs: one JSON object a line.

    Attributes:
      model_date: that the run has reached, ISO 8601; empty before it begins.
    """

    def __init__(self, rank: int) -> None:
        """Args: rank: of this process."""
        super().__init__()
        self._rank = rank
        self.model_date = ""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line: keys that every record has first, then its own."""
        when = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
        fields: dict[str, Any] = {
            "time": when.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "event": getattr(record, "event", "message"),
            "rank": self._rank,
            "model_date": self.model_date or None,
        }
        if figures := getattr(record, "figures", None):
            fields |= {key: _finite(value) for key, value in figures.items()}
        else:
            fields |= {"logger": record.name, "message": record.getMessage()}
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return json.dumps(fields, ensure_ascii=False)


def _finite(value: Any) -> Any:
    """JSON knows no NaN and no infinity."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
