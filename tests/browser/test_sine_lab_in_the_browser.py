"""Does SineLab do in a real browser what notebook 04 says it does?"""


def test_sine_lab_follows_sliders_and_compares_and_stops(lab):
    lab.open("04_sine_poisoning.ipynb")
    lab.run_labs()
    lab.wait_for_text("s for 100 epochs")
    move(lab, "reg", "ArrowRight")
    with lab.new_picture():
        lab.click_button("Paper's best settings")
    lab.click_button("Compare all methods")
    lab.wait_for_text("1.79 (1.54 to 2.48)")  # the last row of the table
    lab.screenshot("sine-lab", of=".jp-OutputArea-output:has(.widget-slider)")
    for description, keys in (
        ("seed", "ArrowRight Home"),
        ("reg", "Home PageUp End"),
        ("lr", "ArrowRight"),
        ("n_pert", "Home"),
        ("descent_epochs", "Home"),
    ):
        move(lab, description, keys)
    move(lab, "T (epochs)", "ArrowLeft")
    lab.wait_for_text("s for 50 epochs")
    lab.slider("T (epochs)").press("End")
    lab.wait_for_text("s for 1000 epochs")
    lab.page.get_by_label("compare on").select_option(
        "all ten seeds"
    )  # which lasts until Stop is pressed
    lab.click_button("Compare all methods")
    lab.click_button("Stop")
    lab.wait_for_text("Stopped.")
    lab.screenshot("notebook-04")
    lab.assert_clean()


def move(lab, description, keys):
    slider = lab.slider(description)
    for key in keys.split():
        before = slider.readout
        with lab.new_picture():
            assert slider.press(key) != before
