"""Can everyone read the pages of the website? axe-core looks at one of each kind, and the words of
replays are looked at beside their ground. Of a lab in JupyterLab: test_labs_in_the_browser.py."""

import pytest
from browser.axe import complaints

# Faults of others, which accessibility.md names: roles that docutils writes into a list of sources.
OF_DOCUTILS = {"aria-required-children", "aria-deprecated-role"}
# one page of each kind
PAGES = ("index", "README", "syllabus", "references", "notebooks/02_the_relaxed_problem")
FORMULAS_OUT = {"exclude": [["mjx-container"]]}  # slow, and MathJax's own
# axe does not look at text in drawings; this is WCAG's contrast of every word of a replay
WORDS = """place => {
  const light = rgb => rgb.map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  return [...place.querySelectorAll('svg[role=img] text')].map(text => {
    const rgb = getComputedStyle(text).fill.match(/[\\d.]+/g).slice(0, 3).map(Number);
    return [text.textContent, (1 + 0.05) / (light(rgb) + 0.05)];
  });
}"""
LABS = {
    "SineLab": "04_sine_poisoning",
    "SpanLab": "02_the_relaxed_problem",
    "PruneLab": "07_two_layer_networks",
    "PassageLab": "18_forget_a_passage",
}


@pytest.mark.parametrize("name", PAGES)
def test_no_kind_of_page_has_a_fault_that_axe_sees(name, website, browser):
    page = browser.new_page()
    page.goto((website / f"{name}.html").as_uri())
    said = complaints(page, FORMULAS_OUT, OF_DOCUTILS)
    page.close()
    assert said == []


@pytest.mark.parametrize("lab", LABS)
def test_the_words_of_a_replay_stand_out_from_their_ground(lab, website, browser):
    page = browser.new_page()
    page.goto((website / "notebooks" / f"{LABS[lab]}.html").as_uri())
    place = page.locator(f"[data-replay={lab}]").first
    place.locator("svg[role=img] text").first.wait_for(state="attached")
    contrast = place.evaluate(WORDS)
    page.close()
    assert len(contrast) > 10 and [word for word, ratio in contrast if ratio < 4.5] == []


def test_axe_would_see_pale_words_and_a_slider_without_a_name(browser):
    page = browser.new_page()
    page.set_content(
        "<html lang=en><title>x</title><main><p style='color: #aaa'>pale</p><input type=range>"
    )
    seen = {line.split(":")[0] for line in complaints(page)}
    page.close()
    assert seen == {"color-contrast", "label"}
