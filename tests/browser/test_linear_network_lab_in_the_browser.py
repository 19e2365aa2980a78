"""Does LinearNetworkLab follow its sliders in a real browser, with the numbers beside the picture?"""


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


def test_two_linear_network_labs_in_one_notebook_move_alone(lab):
    lab.open(lab.write("two.ipynb", "import unlearnlab as ul\nul.widgets.LinearNetworkLab()", "ul.widgets.LinearNetworkLab(seed=2)"))
    lab.run_all()
    other = lab.picture(1)
    with lab.new_picture(0):
        lab.slider("depth L").press("End")
    assert lab.picture(1) == other
    lab.assert_clean()
