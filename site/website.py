"""Builds the course's website from the stored notebooks: nothing is run, nothing is fetched.

    python site/website.py          into site/_build/html; open index.html there

A lab that was recorded (site/record.py) moves under sliders on its page. Any other stays the
picture that its notebook stores.
"""

import json
import re
import shutil
import sys
from importlib.metadata import files
from pathlib import Path

import slides
from sphinx.cmd.build import main as sphinx
from syllabus import course, page

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
SOURCE, HTML = HERE / "_build" / "source", HERE / "_build" / "html"
LAB = re.compile(r"(\w+Lab): ")  # how the text of a lab's stored output begins
PLACE = """<div class="replay" data-replay="{name}">
<p>This lab moves here once scripts are allowed; until then it is this picture.</p>
<img src="data:image/png;base64,{picture}" alt="{name} as its notebook stores it">
</div>
<script src="../_static/replays/{name}.js" defer></script>
"""


def with_replays(notebook, recorded):
    """The notebook, with the place of a replay in the output of every lab that was recorded.

    notebook: the parsed .ipynb, which is changed. recorded: names of labs. Returns those put in.
    """
    names = []
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            lab = LAB.match("".join(output.get("data", {}).get("text/plain", "")))
            if lab and lab[1] in recorded:
                names.append(lab[1])
                picture = "".join(output["data"]["image/png"]).replace("\n", "")
                place = PLACE.format(name=lab[1], picture=picture)
                output["data"] = {"text/html": place}
    return names


def sources(source=SOURCE, recorded=None):
    """Lays out what Sphinx reads: pages, notebooks with their replays, and what they show."""
    if recorded is None:
        recorded = {path.stem for path in (HERE / "replays").glob("*.js")}
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(HERE / "pages", source)
    shutil.copytree(HERE / "_static", source / "_static")
    shutil.copytree(HERE / "replays", source / "_static" / "replays")
    shutil.copy(HERE / "conf.py", source)
    shutil.copy(mathjax(), source / "_static")
    (source / "notebooks").mkdir()
    for picture in (ROOT / "notebooks").glob("*.png"):
        shutil.copy(picture, source / "notebooks")
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        with_replays(notebook, recorded)
        text = json.dumps(notebook, ensure_ascii=False)
        (source / "notebooks" / path.name).write_text(text, encoding="utf-8")
    (source / "classroom").mkdir()
    shutil.copy(ROOT / "classroom" / "README.md", source / "classroom")
    syllabus = source / "syllabus.md"
    told = course((ROOT / "notebooks").glob("[0-9]*.ipynb"))
    text = syllabus.read_text(encoding="utf-8").replace("{NOTEBOOKS}", page(told))
    syllabus.write_text(text, encoding="utf-8")
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE"):
        shutil.copy(ROOT / name, source)


def mathjax():
    """The one script that draws all formulas, as an installed package has it."""
    name = "static/mathjax/tex-svg-full.js"
    return next(f.locate() for f in files("sphinx-mathjax-offline") if str(f).endswith(name))


def build(source=SOURCE, html=HTML):
    """The website in the folder `html`. Ends the process where Sphinx finds a fault."""
    sources(source)
    shutil.rmtree(html, ignore_errors=True)
    if sphinx(["-q", "-W", "--keep-going", "-b", "html", str(source), str(html)]):
        sys.exit("The website has faults; they are named above.")
    shutil.move(slides.build(source.parent / "slides", mathjax()), html / "slides")


if __name__ == "__main__":
    build()
    print(f"The website is in {(HTML / 'index.html').relative_to(ROOT)}")
