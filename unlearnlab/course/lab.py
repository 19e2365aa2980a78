"""What every lab shares: how it shows itself, live or as a picture, how it redraws, and how it
tells the reader of an error."""

import html
from contextlib import contextmanager

import ipywidgets

from .canvas import Canvas
from .style import figure, look

STYLE = {"description_width": "110px"}
WIDE = ipywidgets.Layout(width="360px")


class Lab:
    """A lab has a `panel` (any widget), a `canvas` (None until there is something to see), and a
    one-line `summary`.

    A live notebook shows the panel. The stored output also holds the current picture and the
    summary, for whoever reads the notebook on a web page.
    """

    panel: ipywidgets.Widget
    canvas = None
    summary: str = "A lab: run the notebook to move its sliders"

    def _repr_mimebundle_(self, include=None, exclude=None):
        view = {"version_major": 2, "version_minor": 0, "model_id": self.panel.model_id}
        data = {"application/vnd.jupyter.widget-view+json": view, "text/plain": self.summary}
        if self.canvas is None:
            return data, {}
        return data | {"image/png": self.canvas.png()}, {
            "image/png": {"alt": self.canvas.figure.alt}
        }


class SliderLab(Lab):
    """A lab whose picture follows its controls at once.

    A subclass's __init__ makes the controls and calls `build`. It has

    compute(**values)   what is to be shown, from the controls' values by name
    picture(*axes, shown)   draws it anew into the axes of the canvas, which are empty
    draw(shown)         or this, for a canvas whose artists move
    sentence(shown)     the alt text
    table(shown)        HTML beside the controls
    note(shown)         a line below the picture, or ""

    Every control is an attribute, by its name. `shown` is what compute returned for what is in the
    picture; `error`: what went wrong with the last frame, or None.
    """

    # Arguments of `figure`, and of Figure.legend for what the first frame labels
    panels = {"columns": 2}
    legend = {"loc": "outside upper center", "ncols": 6, "columnspacing": 1.2}

    error: Exception | None = None
    _held = False

    @property
    def summary(self):
        settings = [f"{control.description} {control.value}" for control in self.controls.values()]
        return f"{type(self).__name__}: {', '.join(settings)}"

    def build(self, controls: dict[str, ipywidgets.Widget], canvas: Canvas | None = None) -> None:
        """Makes the panel and draws the first frame. controls: name -> widget, from the top down.
        canvas: default one of `panels`, drawn anew every time.

        Raises what goes wrong in the first frame, which the reader could not see.
        """
        canvas = canvas or Canvas(figure(**self.panels)[0], [], "")
        self.controls, self.canvas = controls, canvas
        self.numbers, self.trouble = ipywidgets.HTML(), ipywidgets.HTML()
        column = ipywidgets.VBox(list(controls.values()))
        self.panel = ipywidgets.VBox(
            [ipywidgets.HBox([column, self.numbers]), canvas.widget, self.trouble]
        )
        for name, control in controls.items():
            setattr(self, name, control)
            control.observe(self.redraw, names="value")
        self._frame()

    def draw(self, shown) -> None:
        drawn = self.canvas.figure
        for ax in drawn.axes:
            ax.clear()
        self.picture(*drawn.axes, shown)
        if not drawn.legends:  # the first frame; later ones are laid out alike
            drawn.legend(**self.legend)

    def note(self, shown) -> str:
        return ""

    @contextmanager
    def held(self):
        """Inside, controls change without a frame; one frame follows."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
        self.redraw()

    def redraw(self, change=None) -> None:
        """One new frame; an error is shown below the picture and kept in `error`."""
        if self._held:
            return
        try:
            self._frame()
            self.error = None
        except Exception as error:
            self.error = error
            self.trouble.value = message(f"{type(error).__name__}: {error}", "error")

    @look()
    def _frame(self):
        values = {name: control.value for name, control in self.controls.items()}
        self.shown = self.compute(**values)
        self.draw(self.shown)
        self.canvas.describe(self.sentence(self.shown))
        self.canvas.draw() if self.canvas.moving else self.canvas.background()
        self.numbers.value = self.table(self.shown)
        note = self.note(self.shown)
        self.trouble.value = message(note) if note else ""


def slider(name: str, value, low, high, step=1, **more) -> ipywidgets.Widget:
    """A slider of whole numbers, or of decimal ones if `step` is none. name: what the reader sees.

    more: traits of the widget, such as continuous_update.
    """
    kind = ipywidgets.IntSlider if isinstance(step, int) else ipywidgets.FloatSlider
    return kind(
        value=value,
        min=low,
        max=high,
        step=step,
        description=name,
        style=STYLE,
        layout=WIDE,
        **more,
    )


def choice(name: str, value, options, **more) -> ipywidgets.Widget:
    """A slider over `options`: values, or pairs (words, value). more: as in `slider`."""
    return ipywidgets.SelectionSlider(
        options=list(options), value=value, description=name, style=STYLE, layout=WIDE, **more
    )


def menu(name: str, value, options) -> ipywidgets.Widget:
    """A drop-down list of `options`."""
    return ipywidgets.Dropdown(
        options=list(options), value=value, description=name, style=STYLE, layout=WIDE
    )


def button(words: str, icon: str, width: int = 110, **more) -> ipywidgets.Button:
    """width: pixels. more: traits of the widget, such as tooltip."""
    return ipywidgets.Button(
        description=words, icon=icon, layout=ipywidgets.Layout(width=f"{width}px"), **more
    )


def table(rows: dict[str, tuple], head: tuple = (), caption: str = "") -> str:
    """HTML of a table: name of a row -> its cells, ready to read. head: names of the columns."""
    cell = '<td style="text-align:right;padding:0 8px">{}</td>'.format
    body = [("", [f"<b>{name}</b>" for name in head])] if head else []
    body += rows.items()
    lines = "".join(f"<tr><td>{name}</td>{''.join(map(cell, cells))}</tr>" for name, cells in body)
    return (
        f'<table style="margin-left:16px;line-height:1.4"><caption>{caption}</caption>{lines}'
        "</table>"
    )


def message(text: str, kind: str = "note") -> str:
    """HTML of a line for the reader; kind "error" is marked by a word and a colour."""
    if kind == "error":
        return f'<span style="color:#B00020"><b>Error:</b> {html.escape(text)}</span>'
    return f"<span>{html.escape(text)}</span>"
