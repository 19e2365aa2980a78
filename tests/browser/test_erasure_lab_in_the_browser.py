"""Does ErasureLab rerun, draw, train and stop in a real browser?"""

from pathlib import Path

# At its end, T lasts until Stop is pressed.
ENDLESS = """\
import unlearnlab as ul
from unlearnlab.chapters import ch09_erasure as ch
from unlearnlab.course import unlearning_lab
unlearning_lab.ImageLab.possible_epochs = (1, 10_000)"""


def test_erasure_lab_follows_its_controls_and_stops(lab):
    lab.open("09_label_erasure.ipynb")
    lab.execute(ENDLESS)
    lab.run_labs()
    lab.wait_for_text("s for 5 epochs")
    for description, key in (
        ("reg", "End"),
        ("n_pert", "Home"),
        ("seed", "ArrowRight"),
        ("test images", "ArrowRight"),
    ):
        slider = lab.slider(description)
        before = slider.readout
        with lab.new_picture():
            assert slider.press(key) != before
    with lab.new_picture():
        lab.click_button("Reset")
    lab.slider("T (epochs)").press("ArrowLeft")
    lab.wait_for_text("s for 4 epochs")
    lab.screenshot("erasure-lab", of=".jp-OutputArea-output:has(.widget-slider)")
    with lab.new_picture():
        lab.page.get_by_label("zoom on the ground truth").check()
    lab.screenshot("erasure-lab-zoomed", of=".jp-OutputArea-output:has(.widget-slider)")
    lab.slider("T (epochs)").press("End")
    lab.click_button("Stop")
    lab.wait_for_text("Stopped in epoch")
    lab.assert_clean()


SMALL = f"""import sys, tempfile, pytest
import unlearnlab as ul
from unlearnlab.chapters import ch09_erasure as ch
from unlearnlab.course import unlearning_lab
sys.path.append({str(Path(__file__).parents[1])!r})
from small_images import small
small(pytest.MonkeyPatch(), tempfile.mkdtemp(), ul.erasure, "mnist", 28, epochs=100_000)"""


def test_erasure_lab_says_how_far_a_training_is_and_stops_it(lab):
    lab.open(lab.write("training.ipynb", SMALL, "ch.ErasureLab(dataset='mnist')"))
    lab.run_all()
    lab.wait_for_text("Training the original of seed 1")
    lab.slider("lr").press("ArrowRight")
    lab.screenshot("erasure-lab-training", of=".jp-OutputArea-output:has(.widget-slider)")
    lab.click_button("Stop")
    lab.wait_for_text("Stopped before the models of seed 1 were there.")
    lab.assert_clean()
