"""The records of a history, field by field: a few of them, and the means of whole days."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from ngcm_coupler.analysis.report.folder import RunFile
from ngcm_coupler.clock.calendars import SECONDS_PER_DAY
from ngcm_coupler.fields import EXPORTS, IMPORTS, Need
from ngcm_coupler.files.netcdf import open_dataset

_BLOCK = 48  # records that are in memory at once

_SUPPLIES: dict[Need, str] = {
    "radiation": "a scheme in &ngcm_radiation",
    "water": "a model that tells its water budget",
    "sea_ice": "the fields of sea ice among the imports in &ngcm_coupling",
    "land": "the fields of land among the imports in &ngcm_coupling",
    "skin": "sea_skin in the namelist",
}
_NEEDS = {row.name: row.needs for row in (*IMPORTS, *EXPORTS)}


@dataclasses.dataclass(frozen=True)
class Records:
    """What the files of a history hold, in the order of time."""

    segments: tuple[RunFile, ...]

    def __contains__(self, name: str) -> bool:
        return bool(self.segments) and name in self.segments[0].variables

    @property
    def bounds(self) -> np.ndarray:
        """Begin and end of each record [s since the start of the run], shape (records, 2)."""
        parts = [segment.bounds for segment in self.segments]
        return np.concatenate(parts) if parts else np.empty((0, 2))

    def blocks(self, name: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Bounds and values of a few records at a time, NaN where there is no value."""
        for segment in self.segments:
            with open_dataset(segment.path) as file:
                for begin in range(0, len(segment.bounds), _BLOCK):
                    block = slice(begin, begin + _BLOCK)
                    values = np.ma.filled(file[name][block], np.nan)
                    yield segment.bounds[block], values.astype(np.float64)

    def some(self, name: str, count: int) -> np.ndarray:
        """At most so many records, evenly over the run, shape (records, nlat, nlon)."""
        total = len(self.bounds)
        chosen = np.unique(np.linspace(0, total - 1, min(count, total)).round().astype(int))
        found, before = [], 0
        for segment in self.segments:
            here = chosen[(chosen >= before) & (chosen < before + len(segment.bounds))] - before
            before += len(segment.bounds)
            with open_dataset(segment.path) as file:
                found += [np.ma.filled(file[name][int(place)], np.nan) for place in here]
        return np.stack(found).astype(np.float64)

    def days(self, name: str) -> np.ndarray:
        """Means of those days since the start that records fill, shape (days, nlat, nlon)."""
        whole = set(self._whole_days().tolist())
        sums: dict[int, np.ndarray] = {}
        for bounds, values in self.blocks(name):
            for (begin, end), value in zip(bounds, values, strict=True):
                if (day := int(begin // SECONDS_PER_DAY)) in whole:
                    share = (end - begin) / SECONDS_PER_DAY * value
                    sums[day] = sums[day] + share if day in sums else share
        return np.stack([sums[day] for day in sorted(sums)]) if sums else np.empty((0, 0, 0))

    def days_lack(self) -> str:
        """Why there is no mean of a day; empty if there is one."""
        if self._whole_days().size:
            return ""
        bounds = self.bounds
        lengths = bounds[:, 1] - bounds[:, 0]
        if (lengths > SECONDS_PER_DAY).any():
            return (
                "a record is a mean over more than a day; set record = 'mean' and"
                " interval_hours = 24 or less in &ngcm_history"
            )
        if bounds[-1, 1] - bounds[0, 0] < SECONDS_PER_DAY:
            hours = (bounds[-1, 1] - bounds[0, 0]) / 3600.0
            return f"the records span {hours:g} hours, and a mean of a day takes 24 from the start"
        return (
            "the records do not fill a day since the start; set interval_hours = 0, or record ="
            " 'mean', in &ngcm_history"
        )

    def lack(self, name: str) -> str:
        """Why a field is not in the history, with the key that writes it; empty if it is."""
        if not self.segments:
            return "there is no history; set file in &ngcm_history"
        if name in self:
            return ""
        left_out = self.segments[0].left_out or ()
        needs = [_SUPPLIES[need] for need in _NEEDS.get(name, ()) if name not in left_out]
        asks = f"; it takes {' and '.join(needs)}" if needs else ""
        return f"{name} is not in the history; have it among fields in &ngcm_history{asks}"

    def _whole_days(self) -> np.ndarray:
        """Numbers of the days since the start that records fill."""
        bounds = self.bounds
        if not len(bounds):
            return np.empty(0, int)
        day = bounds[:, 0] // SECONDS_PER_DAY
        within = (bounds[:, 1] - 1) // SECONDS_PER_DAY == day
        days, place = np.unique(day[within], return_inverse=True)
        filled = np.bincount(place, (bounds[:, 1] - bounds[:, 0])[within], days.size)
        return days[filled >= SECONDS_PER_DAY].astype(int)
