"""The page: tables, pictures and words as one HTML file that needs no other."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from ngcm_coupler.analysis.report.elements import (
    document,
    escaped,
    figure,
    map_figure,
    sources,
    table,
)
from ngcm_coupler.analysis.report.maps import Map
from ngcm_coupler.analysis.report.series import Picture
from ngcm_coupler.analysis.report.tables import Table
from ngcm_coupler.analysis.report.times import Times
from ngcm_coupler.clock.calendars import SECONDS_PER_DAY

_YEAR_DAYS = 360
_FEW = 20  # names that are shown without a click


@dataclasses.dataclass(frozen=True)
class Contents:
    """What a page shows.

    Attributes:
      title: of the page.
      facts: label -> what ran.
      times: when the records begin and end.
      tables: of the budget; none without a budget file.
      drift: tables of means of blocks of days; none of a short run.
      series: pictures over time.
      maps: of the history; none without a history file.
      missing_maps: titles of maps for which the history has no field.
      unweighed: fields of the history that no map is drawn of, for want of the fraction of ice.
      undrawn: fields of the history that the page has no map of.
      has_history: whether there is a history file.
      not_offered: exported fields that the run does not have, and why.
      not_written: exported fields that the history has not, though the run may have had them.
      provenance: name, unit, description and origin of what it has.
    """

    title: str
    facts: dict[str, str]
    times: Times
    tables: Sequence[Table]
    drift: Sequence[Table]
    series: Sequence[Picture]
    maps: Sequence[Map]
    missing_maps: Sequence[str]
    unweighed: Sequence[str]
    undrawn: Sequence[str]
    has_history: bool
    not_offered: Sequence[tuple[str, str]]
    not_written: Sequence[str]
    provenance: Sequence[tuple[str, str, str, str]]


def page(contents: Contents) -> str:
    """Returns the HTML."""
    sections = {
        "run": ("What ran", _facts(contents)),
        "budgets": ("Budgets", _tables(contents)),
        **({"drift": ("Drift", _drift(contents))} if contents.drift else {}),
        "series": ("Over time", _series(contents)),
        "maps": ("Maps", _maps(contents)),
        "fields": ("Where the values come from", _provenance(contents)),
    }
    begin, end = (when.replace("T", " ") for when in (contents.times.begin, contents.times.end))
    return document(contents.title, f"{begin} to {end}", sections)


def _facts(contents: Contents) -> str:
    rows = "".join(
        f"<tr><th scope=row>{escaped(label)}</th><td>{escaped(words)}</td></tr>"
        for label, words in contents.facts.items()
    )
    return f"<div class=scroll><table><tbody>{rows}</tbody></table></div>"


def _tables(contents: Contents) -> str:
    if not contents.tables:
        return (
            "<p>The folder holds no budget file. Set <code>budget_file</code> in"
            " <code>&amp;ngcm_history</code> to have one.</p>"
        )
    days = contents.times.span / SECONDS_PER_DAY
    intervals = f"Means of {len(contents.times)} intervals over {days:g} days, in double precision."
    words = (
        f"<p>{intervals} Residual: sum over the surfaces less the field of the whole cell, mean"
        " over the globe; beside it the largest in any cell and interval. Both are at the round-off"
        " of single precision if all is well.</p>"
    )
    if days < _YEAR_DAYS:
        words += (
            "<p>What is observed is a mean over whole years: this run is shorter, and differs by"
            " its season too.</p>"
        )
    return words + "".join(map(table, contents.tables)) + sources(contents.tables)


def _drift(contents: Contents) -> str:
    return (
        "<p>Means of blocks of days. Below them what the last whole block has more than the first,"
        " and trends by least squares over all records and over those of the second half: what"
        " drifts goes on there, what only settles has ended.</p>"
    ) + "".join(map(table, contents.drift))


def _series(contents: Contents) -> str:
    if not contents.series:
        return "<p>There is nothing to draw over time.</p>"
    return f"<div class=series>{''.join(map(figure, contents.series))}</div>"


def _maps(contents: Contents) -> str:
    undrawn = ""
    if contents.unweighed:
        undrawn = (
            f"<p>Not drawn: {escaped(', '.join(contents.unweighed))}. The history lacks"
            " sea_ice_area_fraction, by which fields over ice and open water are weighed; name it"
            " among the fields in <code>&amp;ngcm_history</code>.</p>"
        )
    if contents.undrawn:
        count = len(contents.undrawn)
        undrawn += _names(f"No map is drawn of {count} fields of the history", contents.undrawn)
    if contents.has_history and not contents.maps:
        return f"{undrawn}<p>The history holds no field that a map is drawn of.</p>"
    if not contents.maps:
        return (
            "<p>The folder holds no history file. Set <code>file</code> in"
            " <code>&amp;ngcm_history</code> to have one.</p>"
        )
    words = (
        "<p>Means over time, each while its surface was there. The line is the coast as the model"
        " has it: half of a cell is land. Grey: the surface is not there. Colours end at the first"
        " and the last hundredth of the values; an arrow says that there are others.</p>"
    )
    figures = "".join(map(map_figure, contents.maps))
    missing = ""
    if contents.missing_maps:
        missing = f"<p>Not in this history: {escaped(', '.join(contents.missing_maps))}.</p>"
    return f"{words}<div class=maps>{figures}</div>{undrawn}{missing}"


def _provenance(contents: Contents) -> str:
    rows = "".join(
        f"<tr><th scope=row><code>{escaped(name)}</code></th><td>{escaped(unit)}</td>"
        f"<td>{escaped(origin)}</td><td>{escaped(words)}</td></tr>"
        for name, unit, words, origin in contents.provenance
    )
    titles = ("Field", "Unit", "Origin", "Meaning")
    head = "".join(f"<th scope=col>{title}</th>" for title in titles)
    text = (
        f"<div class=scroll><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )
    if contents.not_offered:
        lacking = "".join(
            f"<tr><th scope=row><code>{escaped(name)}</code></th><td>{escaped(reason)}</td></tr>"
            for name, reason in contents.not_offered
        )
        text += (
            "<h3>Not offered</h3><p>Nothing supplied these, and nothing stands in for them.</p>"
            f"<div class=scroll><table><tbody>{lacking}</tbody></table></div>"
        )
    if contents.not_written:
        text += (
            "<h3>Not in the file</h3><p>The history has what <code>fields</code> of"
            " <code>&amp;ngcm_history</code> names, or all where that names none. What the run"
            " offers stands in its log.</p>"
        )
        count = len(contents.not_written)
        text += _names(f"Not written: {count} fields", contents.not_written)
    return text


def _names(summary: str, names: Sequence[str]) -> str:
    """Names of fields, folded where they are many."""
    state = " open" if len(names) <= _FEW else ""
    return (
        f"<details{state}><summary>{summary}</summary><p>{escaped(', '.join(names))}.</p></details>"
    )
