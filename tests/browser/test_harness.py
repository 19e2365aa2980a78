"""Does the browser harness see what a reader would see,
and catch what a reader would complain about?"""

import pytest

DEMO = """
import io, threading
import ipywidgets
from PIL import Image

def demo(words, moving):
    picture, status = ipywidgets.Image(format="png"), ipywidgets.HTML("waiting")
    slider = ipywidgets.IntSlider(description=words, max=9)
    button = ipywidgets.Button(description="Run slowly")
    def draw(level):
        file = io.BytesIO()
        Image.new("L", (80, 40), 20 * level).save(file, "png")
        picture.value = file.getvalue()
    def work():
        for level in (3, 6, 9):
            draw(level)
        status.value = "finished"
    draw(0)
    slider.observe(lambda change: moving and draw(change["new"]), "value")
    button.on_click(lambda _: threading.Thread(target=work).start())
    return ipywidgets.VBox([slider, button, status, picture])
"""
CALLBACK_FAILS = """
import ipywidgets
slider, button = ipywidgets.IntSlider(description="fails"), ipywidgets.Button(description="Fail")
slider.observe(lambda change: 1 / 0, "value")
button.on_click(lambda _: undefined_name)
ipywidgets.VBox([slider, button])
"""


def opened(lab, name, *cells):
    lab.open(lab.write(name, *cells))
    lab.run_all()
    return lab


def test_a_slider_and_a_thread_change_the_picture_and_a_dead_slider_is_caught(lab):
    opened(lab, "demo.ipynb", DEMO, "demo('grey', moving=True)", "demo('dead', moving=False)")
    with lab.new_picture():
        assert lab.slider("grey").press("ArrowRight", times=2) == "2"
    with lab.new_picture():
        lab.click_button("Run slowly")
    lab.wait_for_text("finished")
    with pytest.raises(AssertionError, match="picture 1 did not change"):
        with lab.new_picture(1, quiet=2):
            assert lab.slider("dead", 1).press("ArrowRight") == "1"
    lab.screenshot("harness-demo")
    lab.assert_clean()


def test_an_error_in_the_console_or_a_cell_and_cells_that_did_not_run_are_caught(lab):
    shout = "from IPython.display import Javascript\nJavascript('console.error(\"no such plot\")')"
    problems = opened(lab, "error.ipynb", shout, "1 / 0", "'never reached'").problems()
    for said in (
        "console: no such plot",
        "error output: ZeroDivisionError",
        "not executed: \"'never",
    ):
        assert any(problem.startswith(said) for problem in problems), said


def test_an_error_in_a_widget_callback_is_caught_though_no_cell_shows_it(lab):
    opened(lab, "callback.ipynb", CALLBACK_FAILS).assert_clean()
    lab.slider("fails").press("ArrowRight")
    assert [problem for problem in lab.problems() if "ZeroDivisionError" in problem]
    lab.click_button("Fail")
    assert [problem for problem in lab.problems() if "NameError" in problem]
