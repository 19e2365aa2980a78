"""Do the labs do in a real browser what their notebooks say? They follow sliders by keyboard and
menus; long work shows itself and stops; two labs in one notebook move alone.

All in one file, so that one browser serves them all. Of most notebooks only the cells with their
lab are run: nbval runs every cell of every notebook. Some keys of every lab are pressed: that every
slider moves its picture from end to end is seen without a browser, in tests/chapters.
UNLEARNLAB_BROWSER=all also runs every notebook from top to bottom.
"""

import os
import re
from pathlib import Path

import pytest
from browser.axe import complaints
from browser.lab import LAB, MAKES_A_LAB, WIDGET
from build import HERE

# What ipywidgets has no place for: the name of a slider's handle and the text of a picture.
OF_IPYWIDGETS = {"aria-input-field-name", "image-alt"}  # as accessibility.md says


def press(lab, keys, nth=0):
    """Each of the keys, by the slider's description, moves its slider in the nth lab and changes
    that lab's picture."""
    for description, names in keys.items():
        slider = lab.slider(description, nth)
        for key in names.split():
            before = slider.readout
            with lab.new_picture(nth):
                assert slider.press(key) != before


# Of every notebook, keys for each of its labs. They share a kernel and a page.
SLIDER_LABS = {
    "02_the_relaxed_problem.ipynb": [
        {"steps walked": "End Home PageUp"},
        {"off the span": "End PageDown", "n_pert (rows)": "Home"},
    ],
    "05_linear_models.ipynb": [
        {"tilt": "Home", "forget label": "End", "retain inputs": "Home", "elevation": "End"}
    ],
    "06_linear_networks.ipynb": [{"depth L": "End", "width": "Home", "seed": "ArrowRight"}],
    "07_two_layer_networks.ipynb": [
        {"retain points": "Home", "activation": "Home", "survivors by": "End", "inputs": "End"}
    ],
    "12_width_and_unlearning.ipynb": [{"width": "Home", "lambda": "End", "plane": "End"}],
    "13_is_it_forgotten.ipynb": [{"example": "End"}],
}


def test_slider_labs_follow_their_sliders_and_move_alone(lab):
    lab.open_labs(*SLIDER_LABS)
    lab.run_all()
    all_keys = [keys for of_notebook in SLIDER_LABS.values() for keys in of_notebook]
    before = [lab.picture(nth) for nth in range(len(all_keys))]
    for nth, keys in enumerate(all_keys):
        press(lab, keys, nth)
        before[nth] = lab.picture(nth)
        assert [lab.picture(i) for i in range(len(before))] == before
    lab.screenshot("slider-labs")
    lab.assert_clean()
    assert complaints(lab.page, LAB, OF_IPYWIDGETS) == []


TWO_OF_EACH = (
    "from unlearnlab.chapters import ch02_relaxed, ch13_evidence",
    "ch02_relaxed.SpanLab()",
    "ch02_relaxed.SpanLab(seed=2)",
    "ch13_evidence.EvidenceLab(ch13_evidence.verdicts.load('evidence')[0])",
)


def test_labs_of_one_kind_move_alone_and_menus_choose(lab):
    lab.open(lab.write("two_of_a_kind.ipynb", *TWO_OF_EACH))
    lab.run_all()
    others = lab.picture(1), lab.picture(2)
    press(lab, {"off the span": "End"})
    assert (lab.picture(1), lab.picture(2)) == others
    press(lab, {"off the span": "Home"}, nth=1)
    assert lab.slider("off the span").readout == "1.00"
    lab.wait_for_text("U-LiRA of MinNorm-OG")
    for description, choice, says in (
        ("method", "KL-Unif", "U-LiRA of KL-Unif"),
        ("metric", "KLoM", "KLoM of KL-Unif"),
        ("asked about", "unseen examples", "KLoM of KL-Unif"),
        ("metric", "membership attack", "membership attack of KL-Unif"),
    ):
        with lab.new_picture(2):
            lab.page.get_by_label(description, exact=True).select_option(choice)
        lab.wait_for_text(says)
    press(lab, {"network": "ArrowRight"}, nth=2)
    lab.screenshot("two-of-a-kind")
    lab.assert_clean()


def test_sine_lab_follows_sliders_and_compares_and_stops(lab):
    lab.open_labs("04_sine_poisoning.ipynb")
    lab.run_all()
    lab.wait_for_text("s for 100 epochs")
    press(lab, {"reg": "ArrowRight"})
    with lab.new_picture():
        lab.click_button("Paper's best settings")
    stop = lab.page.get_by_role("button", name="Stop").first
    lab.wait_until(stop.is_disabled, "the run does not end")
    press(lab, {"epoch shown": "Home PageUp End"})
    lab.page.get_by_role("button", name="Keep curve as A").click()
    lab.wait_for_text("A: MinNorm-OG, 100 epochs")
    lab.click_button("Compare all methods")
    rows = lab.page.locator(f"{WIDGET} td").filter(has_text="l1-Sparse")  # the last
    lab.wait_until(lambda: rows.count() == 1, "the comparison does not end")
    lab.screenshot("sine-lab", of=LAB)
    press(lab, {"seed": "ArrowRight", "n_pert": "Home", "T (epochs)": "ArrowLeft"})
    lab.wait_for_text("s for 50 epochs")
    lab.slider("T (epochs)").press("End")
    lab.wait_for_text("s for 1000 epochs")
    lab.click_button("Compare all methods")
    lab.click_button("Stop")
    lab.wait_for_text("Stopped.")
    lab.assert_clean()


SINE = "from unlearnlab.chapters import ch04_sine as ch\nch.SineLab(epochs=10)"


def test_sine_lab_learns_points_that_keys_and_the_mouse_move_and_stops_learning(lab):
    lab.open(lab.write("sine.ipynb", SINE))
    lab.run_all()
    lab.wait_for_text("s for 10 epochs")
    assert lab.slider("point").press("End") == "5"
    assert lab.slider("its x").readout == "15.65"
    with lab.new_picture():
        lab.slider("its height").press("ArrowLeft", times=3)
    lab.wait_for_text("learns these points")
    lab.screenshot("sine-lab-learning", of=LAB)
    lab.click_button("Stop")
    lab.wait_for_text("Stopped before the models of seed 1 were there.")
    with lab.new_picture():
        lab.slider("forget points").press("End")
    learnt = lab.page.locator(WIDGET, has_text="learns these points")
    lab.wait_until(lambda: not learnt.count(), "it does not come to its end")
    lab.screenshot("sine-lab-eight-points", of=LAB)
    with lab.new_picture():
        lab.click_button("Paper's points")
    assert lab.slider("forget points").readout == "5"
    drag_a_point(lab)
    lab.assert_clean()


def drag_a_point(lab):
    """The fourth, with the mouse."""
    lab.wait_for_text("s for 10 epochs")
    image = lab.page.locator(".jp-OutputArea img.widget-image").first
    image.scroll_into_view_if_needed()
    box = image.bounding_box()
    at = lambda x, y: (box["x"] + x * box["width"], box["y"] + y * box["height"])
    lab.slider("point").press("Home")
    lab.page.mouse.move(*at(0.291, 0.35))
    lab.page.mouse.down()
    with lab.new_picture():
        lab.page.mouse.move(*at(0.35, 0.55), steps=5)
    lab.page.mouse.up()
    lab.wait_for_text("learns these points")
    lab.wait_idle()
    assert lab.slider("point").readout == "4"
    assert lab.slider("its x").readout != "−3.82" and lab.slider("its height").readout != "1.50"
    lab.screenshot("sine-lab-dragged", of=LAB)


# At its end, T lasts until Stop is pressed.
ENDLESS = """\
from unlearnlab.{0} import {1}
{1}.possible_epochs = (1, 10_000)"""
IMAGES = "course.unlearning_lab", "ImageLab"


def test_erasure_lab_follows_its_controls_and_stops(lab):
    lab.open_labs("09_label_erasure.ipynb")
    lab.execute(ENDLESS.format(*IMAGES))
    lab.run_all()
    lab.wait_for_text("s for 5 epochs")
    press(lab, {"n_pert": "Home", "seed": "ArrowRight", "test images": "ArrowRight"})
    with lab.new_picture():
        lab.click_button("Reset")
    lab.slider("T (epochs)").press("ArrowLeft")
    lab.wait_for_text("s for 4 epochs")
    lab.screenshot("erasure-lab", of=LAB)
    with lab.new_picture():
        lab.page.get_by_label("zoom on the ground truth").check()
    lab.screenshot("erasure-lab-zoomed", of=LAB)
    stops_an_endless_run(lab)


def stops_an_endless_run(lab):
    lab.slider("T (epochs)").press("End")
    lab.click_button("Stop")
    lab.wait_for_text("Stopped in epoch")
    lab.assert_clean()


SMALL = f"""import sys, tempfile, pytest
import unlearnlab as ul
from unlearnlab.chapters import ch09_erasure as ch
sys.path.append({str(Path(__file__).parents[1])!r})
from small_images import small
small(pytest.MonkeyPatch(), tempfile.mkdtemp(), ul.erasure, "mnist", 28, epochs=100_000)"""


def test_erasure_lab_says_how_far_a_training_is_and_stops_it(lab):
    lab.open(lab.write("training.ipynb", SMALL, "ch.ErasureLab(dataset='mnist')"))
    lab.run_all()
    lab.wait_for_text("Training the original of seed 1")
    lab.slider("lr").press("ArrowRight")
    lab.screenshot("erasure-lab-training", of=LAB)
    lab.click_button("Stop")
    lab.wait_for_text("Stopped before the models of seed 1 were there.")
    lab.assert_clean()


def test_collapse_lab_paints_follows_its_sliders_and_stops(lab):
    lab.open_labs("10_representation_collapse.ipynb")
    lab.execute(ENDLESS.format(*IMAGES))
    lab.run_all()
    lab.wait_for_text("s for 15 epochs")
    lab.slider("T (epochs)").press("Home")  # each of the runs below is then short
    lab.wait_for_text("s for 1 epoch")
    press(lab, {"paint it": "Home", "content": "End", "example": "ArrowRight", "lr": "Home"})
    with lab.new_picture():
        lab.click_button("Reset")
    lab.slider("T (epochs)").press("ArrowRight")
    lab.wait_for_text("s for 2 epochs")
    lab.screenshot("collapse-lab", of=LAB)
    stops_an_endless_run(lab)


def test_passage_lab_asks_three_models_and_stops(lab):
    lab.open_labs("18_forget_a_passage.ipynb")
    lab.execute(ENDLESS.format("chapters.ch18_passage", "PassageLab"))
    lab.run_all()
    lab.wait_for_text("s for 10 epochs")
    stop = lab.page.get_by_role("button", name="Stop").first
    lab.wait_until(stop.is_disabled, "the run does not end")
    for description, choice in (
        ("about", "to retain, 2"),
        ("told in", "the way nobody told"),
        ("about", "to forget, 3"),
    ):
        with lab.new_picture():
            lab.page.get_by_label(description, exact=True).select_option(choice)
    prompt = lab.page.get_by_label("prompt", exact=True)
    prompt.fill("song Ada Nobody")
    prompt.press("Enter")
    lab.wait_for_text("the model does not know 'Nobody'")
    with lab.new_picture():
        prompt.fill("Tuesday")
        prompt.press("Enter")
    press(lab, {"lr": "Home"})
    with lab.new_picture():
        lab.page.get_by_label("method", exact=True).select_option("GD")
    rows = lab.page.locator(f"{WIDGET} td").get_by_text("GD", exact=True)
    lab.wait_until(lambda: rows.count() == 1, "no row of GD in the table")
    lab.screenshot("passage-lab", of=LAB)
    stops_an_endless_run(lab)


EVERY = os.environ.get("UNLEARNLAB_BROWSER") == "all"
HERE_OPENED = re.findall(r'"(\d\S+\.ipynb)"', Path(__file__).read_text(encoding="utf-8"))
NOTEBOOKS = [
    path.name
    for path in sorted(HERE.glob("[0-9][0-9]_*.ipynb"))
    if EVERY
    or MAKES_A_LAB.search(path.read_text(encoding="utf-8"))
    and path.name not in HERE_OPENED
]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_notebook_runs_clean_in_the_browser(lab, name):
    """Those with a lab that no test above opens: a browser adds widgets and JavaScript."""
    lab.open(name)
    lab.run_all()
    lab.screenshot(name.removesuffix(".ipynb"))
    lab.assert_clean()
