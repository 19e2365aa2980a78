"""What every lab shares: how it shows itself, live or as a picture, and how it tells the reader of an error."""
import html

import ipywidgets

STYLE = {"description_width": "110px"}
WIDE = ipywidgets.Layout(width="360px")


class Lab:
    """A lab has a `panel` (any widget), a `canvas` (None until there is something to see), and a one-line `summary`.

    A live notebook shows the panel. The stored output also holds the current picture and the summary, for whoever
    reads the notebook on a web page.
    """

    panel: ipywidgets.Widget
    canvas = None
    summary: str = "A lab: run the notebook to move its sliders"

    def _repr_mimebundle_(self, include=None, exclude=None):
        view = {"version_major": 2, "version_minor": 0, "model_id": self.panel.model_id}
        data = {"application/vnd.jupyter.widget-view+json": view, "text/plain": self.summary}
        if self.canvas is None:
            return data, {}
        return data | {"image/png": self.canvas.png()}, {"image/png": {"alt": self.canvas.figure.alt}}


def message(text: str, kind: str = "note") -> str:
    """HTML of a line for the reader; kind "error" is marked by a word and a colour."""
    if kind == "error":
        return f'<span style="color:#B00020"><b>Error:</b> {html.escape(text)}</span>'
    return f"<span>{html.escape(text)}</span>"
