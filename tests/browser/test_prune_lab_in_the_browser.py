"""Does PruneLab follow its sliders in a real browser, and change between the curve
and the surface?"""


def test_prune_lab_redraws_for_every_slider_at_both_ends(lab):
    lab.open("07_two_layer_networks.ipynb")
    lab.run_all()
    lab.wait_for_text("largest retain error")
    for description, keys in (
        ("retain points", "Home End"),
        ("of them copies", "End Home"),
        ("neurons h", "Home End"),
        ("activation", "Home End"),
        ("survivors by", "End Home"),
        ("inputs", "End Home"),
    ):
        slider = lab.slider(description)
        for key in keys.split():
            before = slider.readout
            with lab.new_picture():
                assert slider.press(key) != before
        if description == "survivors by":
            lab.screenshot("prune-lab-one-input", of=".jp-OutputArea-output:has(.widget-slider)")
        if description == "inputs":
            slider.press("End")
            lab.screenshot("prune-lab-two-inputs", of=".jp-OutputArea-output:has(.widget-slider)")
    lab.screenshot("prune-lab")
    lab.assert_clean()
