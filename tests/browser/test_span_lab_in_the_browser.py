"""Does SpanLab follow its sliders in a real browser, with the numbers beside the picture?"""


def test_span_lab_redraws_for_every_slider_at_both_ends(lab):
    lab.open("02_the_relaxed_problem.ipynb")
    lab.run_all()
    lab.wait_for_text("largest retain change")
    for description, keys in (
        ("off the span", "End Home PageUp"),
        ("along the span", "End Home"),
        ("n_pert (rows)", "Home End"),
    ):
        slider = lab.slider(description)
        for key in keys.split():
            before = slider.readout
            with lab.new_picture():
                assert slider.press(key) != before
    lab.screenshot("span-lab")
    lab.assert_clean()


def test_two_span_labs_in_one_notebook_move_alone(lab):
    lab.open(
        lab.write(
            "two.ipynb",
            "from unlearnlab.chapters import ch02_relaxed as ch\nch.SpanLab()",
            "ch.SpanLab(seed=2)",
        )
    )
    lab.run_all()
    other = lab.picture(1)
    with lab.new_picture(0):
        lab.slider("off the span").press("End")
    assert lab.picture(1) == other
    lab.assert_clean()
