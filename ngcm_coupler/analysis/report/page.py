"""The page: tables, pictures and words as one HTML file that needs no other."""

from __future__ import annotations

import base64
import dataclasses
import html
import importlib.resources
from collections.abc import Sequence
from unicodedata import category

from ngcm_coupler import __version__
from ngcm_coupler.analysis.report.maps import Map
from ngcm_coupler.analysis.report.references import SOURCES
from ngcm_coupler.analysis.report.series import Picture
from ngcm_coupler.analysis.report.tables import Table
from ngcm_coupler.analysis.report.times import Times
from ngcm_coupler.clock.calendars import SECONDS_PER_DAY

_YEAR_DAYS = 360


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
      has_history: whether there is a history file.
      not_offered: exported fields that the run does not have, and why.
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
    has_history: bool
    not_offered: Sequence[tuple[str, str]]
    provenance: Sequence[tuple[str, str, str, str]]


def page(contents: Contents) -> str:
    """Returns the HTML."""
    style = (
        importlib.resources.files("ngcm_coupler.analysis.report").joinpath("style.css").read_text()
    )
    sections = {
        "run": ("What ran", _facts(contents)),
        "budgets": ("Budgets", _tables(contents)),
        **({"drift": ("Drift", _drift(contents))} if contents.drift else {}),
        "series": ("Over time", _series(contents)),
        "maps": ("Maps", _maps(contents)),
        "fields": ("Where the values come from", _provenance(contents)),
    }
    links = "".join(f'<a href="#{key}">{words}</a>' for key, (words, _) in sections.items())
    body = "".join(
        f'<section id="{key}"><h2>{words}</h2>{text}</section>'
        for key, (words, text) in sections.items()
    )
    begin, end = (when.replace("T", " ") for when in (contents.times.begin, contents.times.end))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_(contents.title)}</title><style>{style}</style></head><body>"
        f"<header><h1>{_(contents.title)}</h1><p class=faint>{begin} to {end}</p>"
        f"<nav>{links}</nav></header><main>{body}</main>"
        f"<footer class=faint><p>Written by ngcm_coupler {__version__}.</p></footer>"
        "</body></html>\n"
    )


def _facts(contents: Contents) -> str:
    rows = "".join(
        f"<tr><th scope=row>{_(label)}</th><td>{_(words)}</td></tr>"
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
    sources = "".join(f"<li><b>{_(key)}</b>: {_(text)}</li>" for key, text in SOURCES.items())
    return words + "".join(map(_table, contents.tables)) + f"<ul class=faint>{sources}</ul>"


def _drift(contents: Contents) -> str:
    return (
        "<p>Means of blocks of days. Below them what the last whole block has more than the first,"
        " and trends by least squares over all records and over those of the second half: what"
        " drifts goes on there, what only settles has ended.</p>"
    ) + "".join(map(_table, contents.drift))


def _table(table: Table) -> str:
    """A table whose numbers stand at the right."""

    def kind(column: int) -> str:
        published = " published" if column >= table.published else ""
        return f' class="number{published}"'

    header = "".join(
        f"<th scope=col{kind(column) if column else ''}>{_(cell)}</th>"
        for column, cell in enumerate(table.header)
    )
    observed = len(table.header) - table.published
    groups = f"<td></td><th scope=colgroup colspan={table.published - 1}>this run</th>"
    if observed:
        groups += f'<th scope=colgroup colspan={observed} class="published">observed</th>'
    rows = ""
    for number, (label, *cells) in enumerate(table.rows):
        total = " class=total" if number in table.totals else ""
        body = "".join(
            f"<td{kind(column)}>{_(_sign(cell))}</td>" for column, cell in enumerate(cells, 1)
        )
        rows += f"<tr{total}><th scope=row>{_(label)}</th>{body}</tr>"
    return (
        f"<div class=scroll><table><caption>{_(table.caption)}</caption>"
        f"<thead><tr class=groups>{groups}</tr><tr>{header}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )


def _series(contents: Contents) -> str:
    if not contents.series:
        return "<p>There is nothing to draw over time.</p>"
    figures = "".join(
        f"<figure><h3>{_(each.caption)}</h3>{_image(each.png, each.alternative)}</figure>"
        for each in contents.series
    )
    return f"<div class=series>{figures}</div>"


def _maps(contents: Contents) -> str:
    unweighed = ""
    if contents.unweighed:
        unweighed = (
            f"<p>Not drawn: {_(', '.join(contents.unweighed))}. The history lacks"
            " sea_ice_area_fraction, by which fields over ice and open water are weighed; name it"
            " among the fields in <code>&amp;ngcm_history</code>.</p>"
        )
    if contents.has_history and not contents.maps:
        return f"{unweighed}<p>The history holds no field that a map is drawn of.</p>"
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
    figures = "".join(
        f"<figure>{_image(each.png, f'World map. {each.title}: {each.numbers}.')}"
        f"<figcaption><b>{_(each.title)}</b>: {_(each.numbers)}. {_(each.description)}. Origin:"
        f" {_(each.provenance)}.</figcaption></figure>"
        for each in contents.maps
    )
    missing = ""
    if contents.missing_maps:
        missing = f"<p>Not in this history: {_(', '.join(contents.missing_maps))}.</p>"
    return f"{words}<div class=maps>{figures}</div>{unweighed}{missing}"


def _provenance(contents: Contents) -> str:
    rows = "".join(
        f"<tr><th scope=row><code>{_(name)}</code></th><td>{_(unit)}</td><td>{_(origin)}</td>"
        f"<td>{_(words)}</td></tr>"
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
            f"<tr><th scope=row><code>{_(name)}</code></th><td>{_(reason)}</td></tr>"
            for name, reason in contents.not_offered
        )
        text += (
            "<h3>Not offered</h3><p>Nothing supplied these, and nothing stands in for them.</p>"
            f"<div class=scroll><table><tbody>{lacking}</tbody></table></div>"
        )
    return text


def _image(png: bytes, alternative: str) -> str:
    data = base64.b64encode(png).decode("ascii")
    return f'<img alt="{_(alternative)}" src="data:image/png;base64,{data}">'


def _sign(cell: str) -> str:
    """A minus sign of the width of a digit; exponents as people write them."""
    return cell.replace("-", "\N{MINUS SIGN}") if cell[-1:].isdigit() else cell


def _(text: str) -> str:
    """Text of a file as HTML shows it, with a sign in the place of what no page can hold."""
    return html.escape(
        "".join(
            letter if letter in "\t\n" or category(letter) not in ("Cc", "Cs") else "\ufffd"
            for letter in text
        )
    )
