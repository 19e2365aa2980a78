"""Does LinearNetworkLab follow its sliders in a real browser, with the numbers
beside the picture?"""


def test_linear_network_lab_redraws_for_every_slider_at_both_ends(lab):
    lab.open("06_linear_networks.ipynb")
    lab.run_all()
    lab.wait_for_text("relaxed, no penalty")
    for description in ("depth L", "width", "retain points", "seed"):
        slider = lab.slider(description)
        for key in ("End", "Home", "ArrowRight"):
            before = slider.readout
            with lab.new_picture():
                assert slider.press(key) != before
    lab.screenshot("linear-networks")
    lab.screenshot("linear-network-lab", of=".jp-OutputArea-output:has(.widget-slider)")
    lab.assert_clean()
