"""Does ErasureLab rerun, draw and stop in a real browser?"""

ENDLESS = "import unlearnlab as ul\nul.widgets.unlearning_lab.EPOCHS = (1, 10_000)"  # at its end, T lasts until Stop is pressed


def test_erasure_lab_follows_its_controls_and_stops(lab):
    lab.open(lab.write("erasure.ipynb", ENDLESS, "ul.widgets.ErasureLab()"))
    lab.run_all()
    lab.wait_for_text("s for 5 epochs")
    for description, key in (("reg", "End"), ("n_pert", "Home"), ("seed", "ArrowRight"), ("test images", "ArrowRight")):
        slider = lab.slider(description)
        before = slider.readout
        with lab.new_picture():
            assert slider.press(key) != before
    with lab.new_picture():
        lab.click_button("Reset")
    lab.slider("T (epochs)").press("ArrowLeft")
    lab.wait_for_text("s for 4 epochs", seconds=60)
    lab.screenshot("erasure-lab", of=".jp-OutputArea-output:has(.widget-slider)")
    with lab.new_picture():
        lab.page.get_by_label("zoom on the ground truth").check()
    lab.screenshot("erasure-lab-zoomed", of=".jp-OutputArea-output:has(.widget-slider)")
    lab.slider("T (epochs)").press("End")
    lab.click_button("Stop")
    lab.wait_for_text("Stopped in epoch")
    lab.assert_clean()
