"""Is the website whole, light, and content with what is in its folder?"""

import gzip
import re
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "site"))
MEGABYTE = 2**20
ASSET = re.compile(r'(?:src|href)="([^"#?]+)')


@pytest.fixture(scope="module")
def website(tmp_path_factory):
    pytest.importorskip("sphinx", reason="Sphinx is not installed")
    import website as made

    source, html = (tmp_path_factory.mktemp("site") / name for name in ("source", "html"))
    made.build(source, html)  # ends the process with a message where Sphinx warns
    return html


def test_every_notebook_has_a_page_and_every_recorded_lab_its_place(website):
    recorded = {path.stem for path in (ROOT / "site" / "replays").glob("*.js")}
    placed = set()
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        page = (website / "notebooks" / f"{path.stem}.html").read_text(encoding="utf-8")
        placed |= set(re.findall(r'data-replay="(\w+)"', page))
    assert placed == recorded and {"SineLab", "SpanLab", "LinearLab", "PruneLab"} <= recorded


def weight(path):
    """Bytes as a server sends them: text packed, pictures as they are."""
    return path.stat().st_size if path.suffix == ".png" else len(gzip.compress(path.read_bytes()))


def test_pages_weigh_under_five_megabytes_with_all_that_they_load(website):
    weigh = cache(weight)
    for page in (*website.glob("*.html"), *website.glob("notebooks/*.html")):
        named = ASSET.findall(page.read_text(encoding="utf-8"))
        files = {(page.parent / name).resolve() for name in named if "://" not in name}
        loaded = {f for f in files if f.suffix in {".js", ".css", ".png", ".svg"} and f.is_file()}
        assert len(loaded) > 3 and sum(map(weigh, {page, *loaded})) < 5 * MEGABYTE, page.name


def test_no_page_loads_anything_from_elsewhere(website):
    loads = re.compile(r'<(?:script|img|link|iframe)\b[^>]*\b(?:src|href)="(?:https?:)?//[^"]*"')
    for page in website.rglob("*.html"):
        assert loads.findall(page.read_text(encoding="utf-8")) == [], page.name


def test_a_replay_holds_what_the_lab_shows():
    """SpanLab again, at one setting that is not where it begins."""
    import replay

    from unlearnlab.chapters.ch02_relaxed import SpanLab

    kept = replay.read(ROOT / "site" / "replays" / "SpanLab.js")
    places = [
        control["values"].index(value)
        for control, value in zip(kept["controls"], ("0.7", "0.2", "6"))
    ]
    sizes = [len(control["values"]) for control in kept["controls"]]
    state = kept["states"][(places[0] * sizes[1] + places[1]) * sizes[2] + places[2]]
    lab = SpanLab(off=0.7, along=0.2, n_pert=6)
    assert state["alt"] == lab.canvas.figure.alt and state["table"] == lab.numbers.value
    page = replay.Strokes(lab.canvas.figure)
    lab.canvas.figure.draw(page)
    words = lambda strokes: [s["text"] for s in strokes if s["kind"] == "words"]
    drawn = [kept["strokes"][number] for number in state["strokes"]]
    assert words(drawn) == words([dict(stroke) for stroke in page.drawn])


def test_a_setting_that_was_not_recorded_stays_a_gap(tmp_path):
    import replay

    gap = replay.Replay("Gap", {"x": ("x", ["1", "2"], 0)})
    gap.skip()
    gap.skip()
    gap.size = (10, 10)
    assert replay.read(gap.save(tmp_path))["states"] == [None, None]


def test_the_syllabus_says_of_every_notebook_what_it_says_itself(website):
    import syllabus

    told = syllabus.course((ROOT / "notebooks").glob("[0-9]*.ipynb"))
    assert len(told) == len(list((ROOT / "notebooks").glob("[0-9]*.ipynb")))
    shown = (website / "syllabus.html").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    minutes = dict(re.findall(r"\(notebooks/(\S+?)\) \|[^|]*\| (\d+) \|", readme))
    for one in told:
        assert f"{one['minutes']} minutes" in shown and len(one["goals"]) >= 3
        assert minutes[one["file"]] == str(one["minutes"]), one["file"]
    assert sum(one["exercises"] for one in told) == shown.count(" minutes, one exercise") + sum(
        map(int, re.findall(r" minutes, (\d+) exercises", shown))
    )


def test_the_slides_have_every_picture_of_their_parts_and_show_no_code(website):
    deck = (website / "slides" / "index.html").read_text(encoding="utf-8")
    assert deck.count("<section") > 30 and "<pre" not in deck
    assert len(re.findall(r"<img [^>]*alt=\"[^\"]{20,}", deck)) > 8
    assert "Predict, then run." in deck and "Exercise" not in deck
