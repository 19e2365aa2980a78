"""Recorded labs on the website, opened from the folder: do their sliders draw what was recorded?"""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LABS = {
    "SineLab": "04_sine_poisoning",
    "SpanLab": "02_the_relaxed_problem",
    "ValleyLab": "02_the_relaxed_problem",
    "LinearLab": "05_linear_models",
    "LinearNetworkLab": "06_linear_networks",
    "PruneLab": "07_two_layer_networks",
    "ErasureLab": "09_label_erasure",
    "CollapseLab": "10_representation_collapse",
    "WidthLab": "12_width_and_unlearning",
    "EvidenceLab": "13_is_it_forgotten",
    "PassageLab": "18_forget_a_passage",
}
# what is drawn: path data of all curves, in order
CURVES = "place => [...place.querySelectorAll('svg[role=img] path')].map(p => p.getAttribute('d'))"
# and all words, with the places where they begin
WORDS = """place => [...place.querySelectorAll('svg[role=img] text')]
  .map(t => [t.textContent, ...['x', 'y'].map(name => Number(t.getAttribute(name)))])"""


@pytest.mark.parametrize("lab", LABS)
def test_every_slider_draws_what_was_recorded(lab, website, browser):
    import replay

    kept = replay.read(ROOT / "site" / "replays" / f"{lab}.js")
    page, asked, errors = browser.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((website / "notebooks" / f"{LABS[lab]}.html").as_uri())
    place = page.locator(f"[data-replay={lab}]").first
    place.locator("svg[role=img] path").first.wait_for(state="attached")
    for control in kept["controls"]:
        handle = place.locator(f"[name={control['name']}]")
        if handle.evaluate("node => node.tagName") == "SELECT":
            handle.select_option(index=len(control["values"]) - 1)
        else:
            handle.focus()
            page.keyboard.press("End" if control["start"] == 0 else "ArrowLeft")
        state = kept["states"][int(place.get_attribute("data-position"))]
        recorded, said = [], []
        for stroke in (kept["strokes"][number] for number in state["strokes"]):
            recorded += [stroke["d"]] * len(stroke.get("at", [0])) if "d" in stroke else []
            said += [[stroke[name] for name in ("text", "x", "y")]] if "text" in stroke else []
        assert place.evaluate(CURVES) == recorded
        assert place.evaluate(WORDS) == said
        assert place.locator("svg[role=img]").get_attribute("aria-label") == state["alt"]
    page.close()
    assert not errors
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
