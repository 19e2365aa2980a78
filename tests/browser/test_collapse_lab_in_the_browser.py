"""Does CollapseLab paint, rerun and stop in a real browser?"""

# At its end, T lasts until Stop is pressed.
ENDLESS = """\
from unlearnlab.course.unlearning_lab import ImageLab
ImageLab.possible_epochs = (1, 10_000)"""


def test_collapse_lab_paints_follows_its_sliders_and_stops(lab):
    lab.open("10_representation_collapse.ipynb")
    lab.execute(ENDLESS)
    lab.run_labs()
    lab.wait_for_text("s for 15 epochs")
    lab.slider("T (epochs)").press("Home")  # each of the runs below is then short
    lab.wait_for_text("s for 1 epoch")
    for description, key in (
        ("paint it", "Home"),
        ("paint it", "ArrowRight"),
        ("content", "End"),
        ("example", "ArrowRight"),
        ("lr", "Home"),
        ("seed", "ArrowRight"),
    ):
        slider = lab.slider(description)
        before = slider.readout
        with lab.new_picture():
            assert slider.press(key) != before
    with lab.new_picture():
        lab.click_button("Reset")
    lab.slider("T (epochs)").press("ArrowRight")
    lab.wait_for_text("s for 2 epochs")
    lab.screenshot("collapse-lab", of=".jp-OutputArea-output:has(.widget-slider)")
    lab.slider("T (epochs)").press("End")
    lab.click_button("Stop")
    lab.wait_for_text("Stopped in epoch")
    lab.assert_clean()
