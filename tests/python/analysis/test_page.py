"""The page of a report: text of files that are somebody else's is text in it, whatever it holds."""

from __future__ import annotations

import html
import html.parser

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from ngcm_coupler.analysis.report.elements import document, is_own
from ngcm_coupler.analysis.report.maps import Map
from ngcm_coupler.analysis.report.page import Contents, page
from ngcm_coupler.analysis.report.series import Picture
from ngcm_coupler.analysis.report.tables import Table
from ngcm_coupler.analysis.report.times import Times
from ngcm_coupler.cli import main
from ngcm_coupler.clock import Clock


class Tags(html.parser.HTMLParser):
    """Collects tags, with their attributes, and text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, tuple(name for name, _ in attrs)))

    def handle_data(self, data):
        self.text.append(data)


def page_of(text):
    """A page with a text wherever one may come from a file."""
    times = Times(Clock("2000-01-01T00:00:00", "noleap"), np.array([[0, 3600]]))
    table = Table(text, ("", text, text), ((text, text, text),), 2)
    return page(
        Contents(
            title=text,
            facts={text: text},
            times=times,
            tables=[table],
            drift=[table],
            series=[Picture(text, text, b"png")],
            maps=[Map(text, text, text, text, b"png")],
            missing_maps=[text],
            unweighed=[text],
            undrawn=[text],
            has_history=True,
            not_offered=[(text, text)],
            not_written=[text],
            provenance=[(text, text, text, text)],
        )
    )


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "</title><script src='x'>",
        '" onload="alert(1)',
        "' onerror='x",
        "&lt;b&gt;",
        "]]><!--",
        "$(touch x) `x`",
        "été ☃",
    ],
)
def test_hostile_text_makes_no_tag_and_no_attribute(text):
    hostile, plain = Tags(page_of(text)), Tags(page_of("text"))
    assert hostile.tags == plain.tags
    assert text in hostile.text


@pytest.mark.parametrize("text", ["a\0b", "a\x1bb", "a\x85b", "a\udce9b"])
def test_what_no_page_can_hold_is_shown_as_a_sign(text):
    written = page_of(text).encode("utf-8")
    assert "a\N{REPLACEMENT CHARACTER}b".encode() in written


@pytest.mark.parametrize(
    ("options", "name"), [([], "report.html"), (["--evaluate"], "evaluation.html")]
)
def test_a_page_of_others_is_not_replaced(tmp_path, capsys, options, name):
    page = tmp_path / name
    page.write_text("<p>My own report, which is not Written by ngcm_coupler</p>")
    before = page.read_text()
    assert main(["report", str(tmp_path), *options]) == 1
    command = " ".join(["report", *options])
    assert (
        f"{page} is a file that `ngcm-coupler {command}` has not made, and would be lost; move it"
        " away, or write into another folder with --output"
    ) in capsys.readouterr().err
    assert page.read_text() == before


def test_pages_are_known_again(tmp_path):
    page = tmp_path / "page.html"
    page.write_text(document("A run", "of an hour", {"one": ("One", "text" * 1000)}))
    assert is_own(page)
    page.write_text(page.read_text() + "more of my own " * 100)
    assert not is_own(page)
