"""Does WidthLab follow its sliders in a real browser?"""

IMPORTS = """\
from unlearnlab.chapters import ch12_width as ch
from unlearnlab.chapters.ch12_width import study
"""


def test_width_lab_redraws_for_every_slider_at_both_ends(lab):
    lab.open("12_width_and_unlearning.ipynb")
    lab.run_labs()
    lab.wait_for_text("forget-test")
    for description, keys in (("width", "Home End"), ("lambda", "End Home"), ("plane", "End Home")):
        slider = lab.slider(description)
        for key in keys.split():
            before = slider.readout
            with lab.new_picture():
                assert slider.press(key) != before
    lab.screenshot("width-lab", of=".jp-OutputArea-output:has(.widget-slider)")
    lab.assert_clean()


def test_two_width_labs_in_one_notebook_move_alone(lab):
    make = "ch.WidthLab(study.load('results/width.json'), method={!r})"
    lab.open(lab.write("two.ipynb", IMPORTS + make.format("NegGrad"), make.format("SCRUB")))
    lab.run_all()
    other = lab.picture(1)
    with lab.new_picture(0):
        lab.slider("plane").press("End")
    assert lab.picture(1) == other
    lab.assert_clean()
