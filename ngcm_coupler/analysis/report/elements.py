"""What pages are made of: tables, pictures and a frame that needs no other file."""

from __future__ import annotations

import base64
import html
import importlib.resources
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from unicodedata import category

from ngcm_coupler import __version__
from ngcm_coupler.analysis.report.maps import Map
from ngcm_coupler.analysis.report.references import SOURCES
from ngcm_coupler.analysis.report.series import Picture
from ngcm_coupler.analysis.report.tables import Table

_SIGNATURE = "<footer class=faint><p>Written by ngcm_coupler "
"""Begins the end of every page, by which they are known again."""

_END = 500
"""No more bytes has that."""


def is_own(file: Path) -> bool:
    """Whether a file is a page that `document` has made, by this version or another.

    Raises:
      OSError: it cannot be read.
    """
    with file.open("rb") as page:
        page.seek(-min(_END, file.stat().st_size), os.SEEK_END)
        return _SIGNATURE.encode() in page.read()


def document(title: str, subtitle: str, sections: Mapping[str, tuple[str, str]]) -> str:
    """A page.

    Args:
      title: of it.
      subtitle: below that.
      sections: anchor -> heading and HTML.
    """
    style = (
        importlib.resources.files("ngcm_coupler.analysis.report").joinpath("style.css").read_text()
    )
    links = "".join(f'<a href="#{key}">{words}</a>' for key, (words, _) in sections.items())
    body = "".join(
        f'<section id="{key}"><h2>{words}</h2>{text}</section>'
        for key, (words, text) in sections.items()
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escaped(title)}</title><style>{style}</style></head><body>"
        f"<header><h1>{escaped(title)}</h1><p class=faint>{escaped(subtitle)}</p>"
        f"<nav>{links}</nav></header><main>{body}</main>"
        f"{_SIGNATURE}{__version__}.</p></footer>"
        "</body></html>\n"
    )


def table(table: Table) -> str:
    """A table whose numbers stand at the right."""

    def kind(column: int) -> str:
        published = " published" if column >= table.published else ""
        return f' class="number{published}"'

    header = "".join(
        f"<th scope=col{kind(column) if column else ''}>{escaped(cell)}</th>"
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
            f"<td{kind(column)}>{escaped(_sign(cell))}</td>" for column, cell in enumerate(cells, 1)
        )
        rows += f"<tr{total}><th scope=row>{escaped(label)}</th>{body}</tr>"
    return (
        f"<div class=scroll><table><caption>{escaped(table.caption)}</caption>"
        f"<thead><tr class=groups>{groups}</tr><tr>{header}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )


def figure(picture: Picture) -> str:
    """A picture under its caption."""
    return (
        f"<figure><h3>{escaped(picture.caption)}</h3>"
        f"{_image(picture.png, picture.alternative)}</figure>"
    )


def map_figure(drawn: Map) -> str:
    """A map above its numbers and its origin."""
    alternative = f"World map. {drawn.title}: {drawn.numbers}."
    return (
        f"<figure>{_image(drawn.png, alternative)}<figcaption><b>{escaped(drawn.title)}</b>:"
        f" {escaped(drawn.numbers)}. {escaped(drawn.description)}. Origin:"
        f" {escaped(drawn.provenance)}.</figcaption></figure>"
    )


def sources(shown: Iterable[Table]) -> str:
    """Where has been published what these tables have of what is observed."""
    cells = [cell for each in shown for row in each.rows for cell in row[each.published :]]
    items = "".join(
        f"<li><b>{escaped(key)}</b>: {escaped(text)}</li>"
        for key, text in SOURCES.items()
        if any(key in cell for cell in cells)
    )
    return f"<ul class=faint>{items}</ul>" if items else ""


def _image(png: bytes, alternative: str) -> str:
    data = base64.b64encode(png).decode("ascii")
    return f'<img alt="{escaped(alternative)}" src="data:image/png;base64,{data}">'


def _sign(cell: str) -> str:
    """A minus sign of the width of a digit; exponents as people write them."""
    return cell.replace("-", "\N{MINUS SIGN}") if cell[-1:].isdigit() else cell


def escaped(text: str) -> str:
    """Text of a file as HTML shows it, with a sign in the place of what no page can hold."""
    return html.escape(
        "".join(
            letter if letter in "\t\n" or category(letter) not in ("Cc", "Cs") else "\ufffd"
            for letter in text
        )
    )
