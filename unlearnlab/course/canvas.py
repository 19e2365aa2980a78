"""A figure in an Image widget, drawn whole or, many times faster, only in what moves."""

import io

import ipywidgets
import numpy as np
from matplotlib.image import imsave

from .style import Figure, look


class Canvas:
    """Shows `figure`. What moves is made anew for every frame, over a background that stays.

    `widget` is what a notebook shows; its value is a PNG. `frames` counts them. Safe to call from
    any thread.
    """

    def __init__(self, figure: Figure):
        self.figure, self.frames = figure, 0
        width = f"{figure.canvas.get_width_height()[0]}px"  # its own size: stretched, it would blur
        layout = ipywidgets.Layout(width=width, max_width="100%", height="auto")
        self.widget = ipywidgets.Image(format="png", layout=layout)

    def draw(self, add=None) -> None:
        """One frame: the figure as it is, which becomes the background, and what `add` adds."""
        with look():  # ticks are made while they are drawn
            self.figure.canvas.draw()
            self.figure.set_layout_engine("none")  # axes stay where the first drawing put them
            self._clean = self.figure.canvas.copy_from_bbox(self.figure.bbox)
            self._added = []
            self.move(add)

    def move(self, add) -> None:
        """One frame: the background, and what `add()` adds to its axes in place of what was added
        before. It may not change limits, ticks, legends or titles: these are in the background."""
        canvas = self.figure.canvas
        with look():
            while self._added:  # one by one: `add` may raise, and this is called again
                self._added.pop().remove()
            fixed = set(self._artists())
            if add:
                add()
            self._added = [artist for artist in self._artists() if artist not in fixed]
            canvas.restore_region(self._clean)
            for artist in sorted(self._added, key=lambda artist: artist.zorder):
                artist.axes.draw_artist(artist)
            buffer, pixels = io.BytesIO(), np.asarray(canvas.buffer_rgba())
            imsave(buffer, pixels, format="png", pil_kwargs={"compress_level": 1})
            self.frames += 1
            self.widget.value = buffer.getvalue()

    def _artists(self):
        return [artist for ax in self.figure.axes for artist in ax.get_children()]

    def png(self) -> bytes:
        """The current frame."""
        return bytes(self.widget.value)  # it holds a memoryview, which a notebook cannot store
