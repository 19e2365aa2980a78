"""Is the website whole, light, and content with what is in its folder?"""

import gzip
import re
import runpy
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MEGABYTE = 2**20
ASSET = re.compile(r'(?:src|href)="([^"#?]+)')


def test_the_website_has_the_version_of_the_package():
    made = runpy.run_path(str(ROOT / "site" / "conf.py"))
    assert made["release"] == made["version"] == metadata.version("unlearnlab")


def test_every_notebook_has_a_page_and_every_recorded_lab_its_place(website):
    recorded = {path.stem for path in (ROOT / "site" / "replays").glob("*.js")}
    placed = {}
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        page = (website / "notebooks" / f"{path.stem}.html").read_text(encoding="utf-8")
        placed[path.stem[:2]] = set(re.findall(r'data-replay="(\w+)"', page))
    asked = {"SineLab", "SpanLab", "LinearLab", "PruneLab", "ErasureLab", "PassageLab"}
    assert set().union(*placed.values()) == recorded and asked <= recorded
    # its lab has a method of the notebook, which the recording does not show
    assert placed["08"] == set()
    start = (ROOT / "site" / "pages" / "index.md").read_text(encoding="utf-8")
    count, where = re.search(r"(\w+) labs move here \(notebooks ([^)]*)\)", start).groups()
    assert re.findall(r"\d+", where) == sorted(number for number in placed if placed[number])
    assert len(recorded) == ["Nine", "Ten", "Eleven", "Twelve"].index(count) + 9
    for name in ("README.md", "CHANGELOG.md"):
        text = (ROOT / name).read_text(encoding="utf-8").lower()
        assert f"{count.lower()} recorded labs" in text or f"{count.lower()} labs move" in text


def test_the_picture_of_a_recorded_lab_is_there_without_scripts(website):
    page = (website / "notebooks" / "04_sine_poisoning.html").read_text(encoding="utf-8")
    place = page[page.index('data-replay="SineLab"') :][:400]
    assert '<img src="data:image/png;base64,' in place


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

    state, drawn = recorded("SpanLab", "0.7", "0.2", "6")
    lab = SpanLab(off=0.7, along=0.2, n_pert=6)
    assert state["alt"] == lab.canvas.figure.alt and state["table"] == lab.numbers.value
    page = replay.Strokes(lab.canvas.figure)
    lab.canvas.figure.draw(page)
    assert words(drawn) == words([dict(stroke) for stroke in page.drawn])


def recorded(lab, *settings):
    """What was recorded at these settings, one of every control in words, and its strokes."""
    import replay

    kept = replay.read(ROOT / "site" / "replays" / f"{lab}.js")
    position = 0
    for control, words in zip(kept["controls"], settings, strict=True):
        position = position * len(control["values"]) + control["values"].index(words)
    state = kept["states"][position]
    return state, [kept["strokes"][number] for number in state["strokes"]]


def words(strokes):
    return [stroke["text"] for stroke in strokes if stroke["kind"] == "words"]


def numbers(text):
    return [float(number) for number in re.findall(r"\d+\.\d+", text)]


def test_a_recorded_way_through_forget_error_is_that_of_the_lab():
    """ErasureLab again: where it starts, what stands beside it, and how far it gets in T epochs."""
    from unlearnlab.chapters.ch09_erasure import ErasureLab

    lab = ErasureLab(seed=2, method="GD", epochs=5)
    state, drawn = recorded("ErasureLab", "2", "5", "GD", "100% of T")
    assert numbers(state["alt"]) == pytest.approx(numbers(lab.figure.alt), abs=0.02)
    assert state["alt"].startswith("Label erasure by GD, epoch 5,")
    said = words(drawn)
    assert {"original", "ground truth", "ideal", "GD, epoch 5"} <= set(said)
    assert "before, dashed" not in " ".join(said)  # no other run stands behind it
    for name, metrics in (("original", lab.start_metrics), ("ground truth", lab.truth_metrics)):
        row = state["table"].split(f"{name}</td>")[1].split("</tr>")[0]
        assert numbers(row)[:2] == pytest.approx(lab.place(metrics), abs=0.002)
    way = max((s for s in drawn if s["kind"] == "marks"), key=lambda s: len(s["at"]))
    assert len(way["at"]) == 6  # the original, and every epoch
    start, drawn = recorded("ErasureLab", "2", "5", "GD", "0% of T")
    assert start["alt"].startswith("Label erasure by GD, epoch 0,")
    right = sum(text.startswith("✓") for text in words(drawn)) - 1  # without the title
    assert f" {right} are called gray" in start["alt"]


def test_a_way_is_recorded_through_the_epochs_between_its_frames():
    """ErasureLab recorded at the fewest epochs that leave some out."""
    import record

    from unlearnlab.chapters.ch09_erasure import ErasureLab

    lab = record.frames(ErasureLab, lambda T: [T])(method="GD")
    replay = record.begun(ErasureLab, lab, {"epochs": [5]})
    record.run_of(lab, replay)
    assert len(lab.track) == 6  # the original, and every epoch


def test_recorded_prompts_are_answered_as_in_the_lab():
    """PassageLab again, another person, way and method than it begins with."""
    from unlearnlab.chapters.ch18_passage import PassageLab

    lab = PassageLab(method="GD")
    lab.person.value, lab.way.value = 7, 3
    state, drawn = recorded("PassageLab", "to retain, 2", "the way nobody told", "GD")
    trained = lambda alt: (alt.split("GD: ")[0], alt.split("ground truth: ")[1])
    assert trained(state["alt"]) == trained(lab.figure.alt)
    said = " ".join(words(drawn))
    assert {"original", "GD", "ground truth"} <= set(words(drawn)) and lab.prompt.value in said
    assert set(state["alt"].split("GD: ")[1].split()) <= {*said.split(), "truth:"}
    row = state["table"].split("GD</td>")[1].split("</tr>")[0]
    assert numbers(row)[0] == pytest.approx(lab.metrics["retain_loss"], abs=0.002)
    assert " s for " not in row and "writes" not in state["table"]


def test_words_are_cut_where_a_browser_would_lose_blanks():
    import replay

    from unlearnlab.course.style import figure

    page = figure(size=(4, 1))[0]
    page.clear()
    look = {"family": "monospace", "fontsize": 9}
    for x, text in ((0, "a  bc d"), (0.5, "   bc d"), (0.5, "  ")):
        page.text(x, 0.5, text, **look)
    strokes = replay.Strokes(page)
    page.draw(strokes)
    drawn = [dict(stroke) for stroke in strokes.drawn if dict(stroke)["kind"] == "words"]
    assert [stroke["text"] for stroke in drawn] == ["a", "bc d", "bc d"]
    # letters that are equally wide: both begin behind three of them
    first, second, third = (stroke["x"] for stroke in drawn)
    assert third - 200 == pytest.approx(second - first, abs=0.2)
    assert second - first == pytest.approx(3 / 4 * drawn[1]["w"], abs=0.2)


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
