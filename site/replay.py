"""What a lab shows for every setting of its controls, as strokes and words instead of pictures: a
page then moves its sliders without a kernel.

A figure of matplotlib is drawn by `Strokes`, which writes down what it is told to draw. A stroke
that many settings share is kept once.
"""

import base64
import gzip
import io
import json
import re
from pathlib import Path

import numpy as np
from matplotlib.backend_bases import RendererBase
from matplotlib.colors import to_hex
from matplotlib.image import imsave

HERE = Path(__file__).resolve().parent
REPLAYS = HERE / "replays"
TENTHS = 10  # of a pixel: how finely places are kept


class Strokes(RendererBase):
    """Draws a figure into `drawn`, a list of strokes: paths, words and images, in pixels from the
    upper left corner.

    A stroke is a tuple of pairs (name, value), so that equal ones are found.
    """

    def __init__(self, figure):
        super().__init__()
        self.width, self.height = (float(v) for v in figure.bbox.size)
        self.dpi, self.drawn = figure.dpi, []

    def get_canvas_width_height(self):
        return self.width, self.height

    def points_to_pixels(self, points):
        return points * self.dpi / 72

    def draw_path(self, gc, path, transform, rgbFace=None):
        clip = self._clip(gc)
        bounds = (0, 0, self.width, self.height) if rgbFace is None else None
        whole = path.cleaned(transform, clip=bounds, simplify=rgbFace is None, curves=True)
        self._add(kind="path", d=self._d(whole), **self._look(gc, rgbFace), **clip)

    def draw_markers(self, gc, marker_path, marker_trans, path, trans, rgbFace=None):
        shape = self._d(marker_path.transformed(marker_trans), origin=0)
        places = path.transformed(trans).vertices
        places = places[np.isfinite(places).all(1)]
        at = [self._tenths(x, self.height - y) for x, y in places]
        self._add(kind="marks", d=shape, at=tuple(at), **self._look(gc, rgbFace), **self._clip(gc))

    def draw_image(self, gc, x, y, im, transform=None):
        buffer = io.BytesIO()
        imsave(buffer, np.asarray(im)[::-1], format="png", pil_kwargs={"compress_level": 9})
        data = base64.b64encode(buffer.getvalue()).decode()
        rows, columns = im.shape[:2]
        place = {"x": round(float(x), 1), "y": round(float(self.height - y - rows), 1)}
        self._add(kind="image", data=data, w=columns, h=rows, **place, **self._clip(gc))

    def draw_text(self, gc, x, y, s, prop, angle, ismath=False, mtext=None):
        if ismath:
            return super().draw_text(gc, x, y, s, prop, angle, ismath, mtext)
        size = round(self.points_to_pixels(prop.get_size_in_points()), 1)
        bold = prop.get_weight() in ("bold", 700)
        for text, ahead in self._pieces(s, prop, angle):
            self._add(
                kind="words",
                text=text,
                x=round(float(x + ahead), 1),
                y=round(float(y), 1),
                size=size,
                w=round(self._width(text, prop), 1),
                turn=round(float(-angle), 1),
                fill=to_hex(gc.get_rgb()[:3]),
                **({"bold": 1} if bold else {}),
                **({"mono": 1} if "mono" in prop.get_family()[0] else {}),
            )

    def _pieces(self, text, prop, angle):
        """(words, pixels before them): cut where a browser makes one blank of several, or of
        blanks in front none. Turned words stay whole."""
        if angle:
            return [(text, 0)]
        found = re.finditer(r"\S+(?: \S+)*", text)
        return [(piece[0], self._width(text[: piece.start()], prop)) for piece in found]

    def _width(self, text, prop):
        """In pixels. A browser has other letters; they are set as wide as these."""
        width, _, _ = self._text2path.get_text_width_height_descent(text, prop, False)
        return float(self.points_to_pixels(width))

    # -- how it is written down

    def _add(self, **stroke):
        if stroke.get("d", True) != "":
            self.drawn.append(tuple(stroke.items()))

    def _tenths(self, x, y):
        return round(float(x) * TENTHS), round(float(y) * TENTHS)

    def _d(self, path, origin=None):
        """SVG's path data, in tenths of a pixel, each place relative to the one before."""
        words, last = [], (0, 0)
        base = self.height if origin is None else origin
        for vertices, code in path.iter_segments(simplify=False):
            if code == path.CLOSEPOLY:
                words.append("z")
                continue
            points = vertices.reshape(-1, 2)
            places = [self._tenths(x, base - y) for x, y in points]
            letter = {1: "m", 2: "l", 3: "q", 4: "c"}.get(code)
            if letter is None:
                continue
            steps = [(x - last[0], y - last[1]) for x, y in places]
            words.append(letter + " ".join(f"{x},{y}" for x, y in steps))
            last = places[-1]
        return "".join(words)

    def _look(self, gc, face):
        """Colors, and how opaque they are unless wholly; width and dashes of the line."""
        forced = gc.get_alpha() if gc.get_forced_alpha() else None
        look = {"fill": "none"}
        if face is not None:
            look |= _color("fill", face, forced)
        width = round(self.points_to_pixels(gc.get_linewidth()), 2)
        line = _color("line", gc.get_rgb(), forced)
        if width and line["line"] != "none":
            look |= line | {"wide": width}
            _, dash = gc.get_dashes()
            if dash is not None:
                look["dash"] = " ".join(f"{self.points_to_pixels(d):.1f}" for d in dash)
        return look

    def _clip(self, gc):
        box = gc.get_clip_rectangle()
        if box is None:
            return {}
        low, high = box.get_points()
        place = low[0], self.height - high[1], high[0] - low[0], high[1] - low[1]
        return {"clip": tuple(round(float(v), 1) for v in place)}


def _color(name, color, forced):
    """`name` and, unless it is opaque, `name`_see. forced: how opaque it is whatever it says."""
    own = color[3] if len(color) > 3 else 1
    see = round(float(own if forced is None else forced), 3)
    if not see:
        return {name: "none"}
    return {name: to_hex(color[:3])} | ({f"{name}_see": see} if see < 1 else {})


class Replay:
    """What a lab shows for every setting of its controls that was recorded.

    name: of the lab. controls: what the page puts under sliders, name -> (words beside it, the
    settings in words, the position where it begins). Settings count in the order of
    itertools.product.
    """

    def __init__(self, name, controls):
        self.name, self.controls = name, controls
        self.strokes, self.states, self.size = {}, [], None

    def add(self, figure, table="", note=""):
        """The next setting: the figure as it is drawn now, its alt text, and what is said of it."""
        page = Strokes(figure)
        figure.draw(page)
        self.size = page.width, page.height
        numbers = [self.strokes.setdefault(stroke, len(self.strokes)) for stroke in page.drawn]
        self.states.append({"strokes": numbers, "alt": figure.alt, "table": table, "note": note})

    def skip(self):
        """The next setting was not recorded; the page says so."""
        self.states.append(None)

    def save(self, folder=REPLAYS):
        """One script that a page may load from a folder as from a server: packed JSON."""
        settings = [len(words) for _, words, _ in self.controls.values()]
        assert len(self.states) == np.prod(settings), (len(self.states), settings)
        whole = {
            "size": self.size,
            "controls": [
                {"name": name, "label": label, "values": words, "start": start}
                for name, (label, words, start) in self.controls.items()
            ],
            "strokes": [dict(stroke) for stroke in self.strokes],
            "states": self.states,
        }
        text = json.dumps(whole, separators=(",", ":"), ensure_ascii=False)
        packed = base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode()
        folder.mkdir(exist_ok=True)
        path = folder / f"{self.name}.js"
        path.write_text(f'replay("{self.name}","{packed}");\n', encoding="utf-8")
        return path


def read(path):
    """What a saved script holds."""
    packed = Path(path).read_text(encoding="utf-8").split('"')[3]
    return json.loads(gzip.decompress(base64.b64decode(packed)))
