"""The evaluation as text, and as a page with pictures."""

from __future__ import annotations

import itertools

from ngcm_coupler.analysis.evaluation import pictures
from ngcm_coupler.analysis.evaluation.evaluation import Evaluation
from ngcm_coupler.analysis.evaluation.noise import RECORDS
from ngcm_coupler.analysis.report import maps
from ngcm_coupler.analysis.report.elements import (
    document,
    escaped,
    figure,
    map_figure,
    sources,
    table,
)

_WORDS = {
    "By surface": (
        "Means over the area of each surface and all records. What is observed is of whole years:"
        " a shorter run differs by its season too."
    ),
    "By season": (
        "What the sea gets more than is observed. Sunlight is expected to be to that of the year as"
        " the sun at the top of the air is to its own year there, as if clouds and albedo were"
        " those of the year; all else is that of the year."
    ),
    "By latitude": "Observed: over the globe, oceans or land, for the mean of all latitudes.",
    "Precipitation": (
        "A day is one of 24 hours since the start that records fill. The boxes are land at 15 to 30"
        " degrees north and 10 west to 30 east (Sahara), and 10 south to 2 north and 70 to 50 west"
        " (Amazon)."
    ),
    "Noise": (
        f"Of at most {RECORDS} records, evenly over the run. Degrees at the end of what the grid"
        " resolves should have less power than those before."
    ),
}


def page(evaluation: Evaluation) -> str:
    """Returns the HTML."""
    means = evaluation.means
    drawn = maps.draw_all(means.fields, means.grid)[0] if means.grid else []
    graphs = [
        *pictures.zonal(means, evaluation.latitudes),
        *pictures.spectra(evaluation.noise),
    ]
    sections = {
        name.lower().replace(" ", "-"): (
            name,
            f"<p>{_WORDS[name]}</p>" + "".join(map(table, found)),
        )
        for name, found in evaluation.tables.items()
        if found
    }
    sections["graphs"] = (
        "Zonal means and spectra",
        f"<div class=series>{''.join(map(figure, graphs))}</div>",
    )
    sections["maps"] = ("Maps", f"<div class=maps>{''.join(map(map_figure, drawn))}</div>")
    sections["missing"] = ("Missing", _missing(evaluation))
    shown = itertools.chain.from_iterable(evaluation.tables.values())
    sections["sources"] = ("Sources", sources(shown))
    files = (*evaluation.files.history, *evaluation.files.budget)
    source = files[0].attributes.get("source", "an unnamed atmosphere")
    return document(f"Evaluation of a run of {source}", evaluation.span, sections)


def _missing(evaluation: Evaluation) -> str:
    if not evaluation.missing:
        return "<p>Nothing.</p>"
    rows = "".join(
        f"<tr><th scope=row>{escaped(name)}</th><td>{escaped(why)}</td></tr>"
        for name, why in evaluation.missing
    )
    return f"<div class=scroll><table><tbody>{rows}</tbody></table></div>"
