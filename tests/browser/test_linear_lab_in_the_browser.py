"""Does LinearLab follow its sliders in a real browser, with the numbers beside the picture?"""


def test_linear_lab_redraws_for_every_slider(lab):
    lab.open("05_linear_models.ipynb")
    lab.run_all()
    lab.wait_for_text("leak: θ* to projection")
    keys = {
        "heading": "End Home PageUp ArrowRight",
        "tilt": "End Home PageUp ArrowRight",
        "forget label": "End Home PageUp ArrowRight",
        "retain inputs": "Home End",
        "azimuth": "Home PageUp ArrowRight",
        "elevation": "End Home PageUp ArrowRight",
    }
    for description, presses in keys.items():
        slider = lab.slider(description)
        for key in presses.split():
            before = slider.readout
            if description == "heading" and (before, key) == ("360", "Home"):  # the same direction
                assert slider.press(key) == "0"
                continue
            with lab.new_picture():
                assert slider.press(key) != before
    with lab.new_picture():
        lab.slider("elevation").press("End")
    lab.wait_for_text("Dot and ring coincide")
    lab.screenshot("linear-lab")
    lab.screenshot("linear-lab-alone", of=".jp-OutputArea-output:has(.widget-slider)")
    lab.assert_clean()
