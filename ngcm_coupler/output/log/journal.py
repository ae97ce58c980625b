"""What the log says of a run as it goes: its head, lines of progress, and where the time went."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ngcm_coupler.clock import Clock
from ngcm_coupler.clock.alarm import Alarm
from ngcm_coupler.config import Config
from ngcm_coupler.engine.atmosphere import Atmosphere
from ngcm_coupler.fields import Field, over
from ngcm_coupler.fields.units import behind
from ngcm_coupler.output.budget import entries
from ngcm_coupler.output.log import log
from ngcm_coupler.output.log.header import header
from ngcm_coupler.output.log.timing import Phase, Stopwatch, table

_log = logging.getLogger(__name__)

_MILLIMETRE_PER_DAY = 86400.0
"""A flux of water [kg m-2 s-1] in mm/day."""

_DAYS_PER_YEAR = 365.25
_TEMPERATURE, _WIND = "air_temperature", ("eastward_wind", "northward_wind")


@dataclasses.dataclass(frozen=True)
class Figure:
    """A number of a line of progress that the ledger has.

    Attributes:
      key: its name in JSON, with the unit.
      entry: of the ledger.
      label: before it in a line.
      units: behind it.
      form: how it is written.
      factor: from the unit of the ledger.
      unless: key of another; a line that has that one leaves this one out.
    """

    key: str
    entry: str
    label: str
    units: str
    form: str
    factor: float = 1.0
    unless: str = ""


_FIGURES = (
    Figure(
        "precipitation_mm_per_day", "precipitation_flux", "P", "mm/day", "6.3f",
        _MILLIMETRE_PER_DAY,
    ),
    Figure(
        "evaporation_mm_per_day", "evaporation_total", "E", "mm/day", "6.3f", _MILLIMETRE_PER_DAY
    ),
    Figure("net_heat_into_surface_w_per_m2", entries.NET_HEAT, "heat", "W/m2", "7.2f"),
    Figure(
        "net_heat_into_open_water_w_per_m2", over(entries.NET_HEAT, "ice_free_sea"),
        "heat of open water", "W/m2", "7.2f", unless="net_heat_into_surface_w_per_m2",
    ),
)  # fmt: skip


@dataclasses.dataclass
class _Stretch:
    """The intervals since the last line of progress."""

    intervals: int = 0
    sums: dict[str, float] = dataclasses.field(default_factory=dict)
    wind: float = 0.0
    warnings: int = 0

    def add(self, name: str, value: float) -> None:
        """Adds the value of an interval."""
        self.sums[name] = self.sums.get(name, 0.0) + value

    def mean(self, name: str) -> float:
        """Mean over the intervals; NaN where the run has no such thing."""
        return self.sums.get(name, np.nan) / self.intervals


class Journal:
    """Tells a run, where the atmosphere is: the other ranks only tell their errors."""

    def __init__(
        self,
        config: Config,
        atmosphere: Atmosphere,
        exports: Sequence[Field],
        stopwatch: Stopwatch,
    ) -> None:
        """Begins with an empty page.

        Args:
          config: the settings.
          atmosphere: the atmosphere.
          exports: fields of the rows of the export array.
          stopwatch: of this rank.
        """
        self._config, self._atmosphere, self._stopwatch = config, atmosphere, stopwatch
        self._weights = atmosphere.grid.area / atmosphere.grid.area.sum()
        self._rows = {row.name: number for number, row in enumerate(exports)}
        # What belongs to one surface may be anything where that is not.
        self._bounded = {number: row for number, row in enumerate(exports) if not row.surface}
        self._limits = np.array([row.accepted_range for row in self._bounded.values()])
        self._warned: set[str] = set()
        hours = config.log.hours_per_line
        self._alarm = Alarm.every(3600 * hours) if hours else None
        self._intervals = 0
        self._stretch = _Stretch()
        self._told: dict[Phase, float] = dict.fromkeys(Phase, 0.0)

    def begin(self, clock: Clock, restart: str, device: Any, ranks: int) -> None:
        """Writes the head. Arguments as those of `header`."""
        log.reach(clock.iso8601())
        text, figures = header(self._config, self._atmosphere, device, ranks, clock, restart)
        log.event(_log, "header", text, figures)

    def interval(self, clock: Clock, last: Mapping[str, float], exports: np.ndarray) -> None:
        """Notes an interval that is complete, and writes a line if one is due.

        Args:
          clock: at its end.
          last: the entries of the ledger for it.
          exports: of the members of this rank, shape (members, number of exports, n).
        """
        self._intervals += 1
        self._stretch.intervals += 1
        for figure in _FIGURES:
            if figure.entry in last:
                self._stretch.add(figure.key, figure.factor * last[figure.entry])
        temperature = exports[:, self._rows[_TEMPERATURE]].mean(axis=0, dtype=np.float64)
        self._stretch.add(_TEMPERATURE, float((temperature * self._weights).sum()))
        eastward, northward = (exports[:, self._rows[name]] for name in _WIND)
        self._stretch.wind = max(self._stretch.wind, float(np.hypot(eastward, northward).max()))
        self._look_for_odd_values(clock, exports)
        if self._alarm is None or self._alarm.rings(clock, self._config.coupling.interval_seconds):
            self._write_line(clock)

    def end(self, clock: Clock) -> None:
        """Writes what is left of the progress, and where the time went."""
        if self._stretch.intervals:
            self._write_line(clock)
        seconds = self._stopwatch.seconds()
        total, busy = self._stopwatch.total(), self._stopwatch.device_busy
        speed = self._speed(self._intervals, total)
        figures: dict[str, Any] = {phase.key: spent for phase, spent in seconds.items()}
        figures |= {
            "total_seconds": total,
            "device_busy_seconds": busy,
            "device_overlapped_seconds": busy - seconds[Phase.DEVICE],
            "intervals_found_ready": self._stopwatch.found_ready,
            "intervals": self._intervals,
            "simulated_years_per_day": speed,
        }
        heading = (
            f"where the time went: {self._intervals} intervals, {speed:.3f} simulated years a day"
            " with start-up and compilation"
        )
        text = f"{heading}\n{table(self._stopwatch, self._intervals)}"
        log.event(_log, "timing", text, figures)

    def _look_for_odd_values(self, clock: Clock, exports: np.ndarray) -> None:
        """Warns of each field that leaves its valid range for the first time, and counts all."""
        least, greatest = (
            extreme(exports[:, list(self._bounded)], axis=(0, 2)) for extreme in (np.min, np.max)
        )
        odd = (least < self._limits[:, 0]) | (greatest > self._limits[:, 1])
        for which in np.flatnonzero(odd):
            number, row = list(self._bounded.items())[which]
            self._stretch.warnings += 1
            if row.name in self._warned:
                continue
            self._warned.add(row.name)
            low, high = self._limits[which]
            values = exports[:, number]
            outside = np.maximum(low - values, values - high)
            member, point = divmod(int(outside.argmax()), values.shape[-1])
            _log.warning(
                "in the interval that ends %s %s = %g%s at %s is outside %g to %g, as are %d"
                " values in all; of this field the lines of progress only count it from here on",
                clock.iso8601(),
                row.name,
                values[member, point],
                behind(row.units),
                self._atmosphere.grid.place(point),
                row.valid_min,
                row.valid_max,
                int((outside > 0.0).sum()),
            )

    def _write_line(self, clock: Clock) -> None:
        stretch, now = self._stretch, self._stopwatch.seconds()
        spent = {phase: now[phase] - self._told[phase] for phase in Phase}
        wall = sum(spent.values()) - spent[Phase.START_UP]
        speed = self._speed(stretch.intervals, wall)
        figures: dict[str, Any] = {
            "intervals": stretch.intervals,
            "wall_seconds": wall,
            "host_seconds": spent[Phase.HOST],
            "device_wait_seconds": spent[Phase.DEVICE],
            "simulated_years_per_day": speed,
        }
        words = [
            clock.iso8601(),
            *([f"{stretch.intervals} intervals"] if stretch.intervals > 1 else []),
            f"{wall:8.3f} s (host {spent[Phase.HOST]:.3f}, device {spent[Phase.DEVICE]:.3f})",
            f"{speed:8.3f} yr/day",
        ]
        for figure in _FIGURES:
            figures[figure.key] = value = stretch.mean(figure.key)
            if figure.key in stretch.sums and figure.unless not in stretch.sums:
                words.append(f"{figure.label} {value:{figure.form}} {figure.units}")
        figures["lowest_air_temperature_k"] = temperature = stretch.mean(_TEMPERATURE)
        figures["strongest_lowest_wind_m_per_s"] = stretch.wind
        words += [f"T {temperature:7.3f} K", f"wind {stretch.wind:5.1f} m/s"]
        figures["warnings"] = stretch.warnings
        if stretch.warnings:
            words.append(f"warnings: {stretch.warnings}")
        log.event(_log, "interval", "  ".join(words), figures)
        self._stretch, self._told = _Stretch(), now

    def _speed(self, intervals: int, wall_seconds: float) -> float:
        """Simulated years a day of the clock on the wall."""
        simulated = intervals * self._config.coupling.interval_seconds
        return simulated / _DAYS_PER_YEAR / max(wall_seconds, 1e-9)
