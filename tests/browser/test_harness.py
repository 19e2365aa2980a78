"""Does the browser harness see what a reader would see,
and catch what a reader would complain about?"""

import pytest

DEMO = """
import io, threading
import ipywidgets
from PIL import Image

def demo(moving):
    picture, status = ipywidgets.Image(format="png"), ipywidgets.HTML("waiting")
    slider = ipywidgets.IntSlider(description="grey", max=9)
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


def test_a_slider_and_a_thread_change_the_picture(lab):
    opened(lab, "demo.ipynb", DEMO, "demo(moving=True)")
    with lab.new_picture():
        assert lab.slider("grey").press("ArrowRight", times=2) == "2"
    with lab.new_picture():
        lab.click_button("Run slowly")
    lab.wait_for_text("finished")
    lab.screenshot("harness-demo")
    lab.assert_clean()


def test_a_dead_slider_is_caught(lab):
    opened(lab, "dead.ipynb", DEMO, "demo(moving=False)")
    with pytest.raises(AssertionError, match="picture 0 did not change"):
        with lab.new_picture(quiet=2):
            assert lab.slider("grey").press("ArrowRight") == "1"


def test_an_error_cell_and_the_unexecuted_cells_after_it_are_caught(lab):
    problems = opened(lab, "error.ipynb", "1 / 0", "'never reached'").problems()
    assert any(problem.startswith("error output: ZeroDivisionError") for problem in problems)
    assert any(problem.startswith("not executed: \"'never") for problem in problems)


def test_an_error_in_the_browser_console_is_caught(lab):
    opened(
        lab,
        "console.ipynb",
        "from IPython.display import Javascript\nJavascript('console.error(\"no such plot\")')",
    )
    assert any("no such plot" in problem for problem in lab.problems())


@pytest.mark.parametrize(
    "act, error",
    [
        (lambda lab: lab.slider("fails").press("ArrowRight"), "ZeroDivisionError"),
        (lambda lab: lab.click_button("Fail"), "NameError"),
    ],
    ids=["slider", "button"],
)
def test_an_error_in_a_widget_callback_is_caught_though_no_cell_shows_it(lab, act, error):
    opened(lab, "callback.ipynb", CALLBACK_FAILS).assert_clean()
    act(lab)
    assert any(error in problem for problem in lab.problems())
