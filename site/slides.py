"""Slides for one lecture, made of notebook 04's cells: its headings, questions, formulas and
pictures, and the first sentences of what is said about them. No code is shown and none is run.

    python site/slides.py           into site/_build/slides/html; `make site` makes them, too
"""

import base64
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
NOTEBOOK = HERE.parent / "notebooks" / "04_sine_poisoning.ipynb"
# Parts and paragraphs for whoever reads on alone.
LEFT_OUT = ("The last digits", "The whole search", "Exercise", "What was verified", "To go on",
            "References")  # fmt: skip
NOT_SHOWN = ("*Your", "**You need", "**Time", "**On a hosted", "**Compare all", "The same five")
NEW_SLIDE = "```{revealjs-break}\n```"
CONF = """
extensions = ["myst_parser", "sphinx.ext.mathjax", "sphinx_revealjs"]
myst_enable_extensions = ["dollarmath", "amsmath"]
mathjax_path = "tex-svg-full.js"
html_static_path = ["_static"]
revealjs_static_path = ["_static"]
revealjs_css_files = ["slides.css"]
revealjs_style_theme = "white"
revealjs_script_conf = {"width": 1100, "height": 720, "slideNumber": "c/t", "hash": True}
"""
HEADING = re.compile(r"#+ (.*)")
SENTENCE = re.compile(r"(?<=[.?!])\s+(?=[A-Z*$])")
TO_A_NOTEBOOK = re.compile(r"\[([^\]]+)\]\(\d\d_\w+\.ipynb\)")
LIST = re.compile(r"(\d\.|-) ")


def deck(notebook, folder):
    """The slides in Markdown. Their pictures, as the notebook stores them, are put into `folder`.

    A part ("## ...") is a column of slides, one below the other.
    """
    slides, left_out = [], False
    for number, cell in enumerate(notebook["cells"]):
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            heading = HEADING.match(text)
            left_out = heading[1].startswith(LEFT_OUT) if heading else left_out
            for part in [] if left_out else words(text):
                if part != NEW_SLIDE or not HEADING.match(slides[-1]):  # no slide is a title alone
                    slides.append(part)
        for output in [] if left_out else cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                picture = folder / f"picture-{number}.png"
                picture.write_bytes(base64.b64decode(output["data"]["image/png"]))
                alt = output["metadata"].get("image/png", {}).get("alt", "")
                slides += [NEW_SLIDE, f"![{alt}]({picture.name})"]
    return TO_A_NOTEBOOK.sub(r"\1", "\n\n".join(slides)) + "\n"


def words(text):
    """Yields what a cell of text puts on slides: its first paragraph, questions, claims, formulas
    with the sentence before them, and lists."""
    paragraphs = re.split(r"\n\s*\n", text.strip())
    paragraphs = [one for one in paragraphs if not one.startswith(NOT_SHOWN)]
    first = not HEADING.match(paragraphs[0]) if paragraphs else False
    for number, paragraph in enumerate(paragraphs):
        heading = HEADING.match(paragraph)
        if heading and heading[1].startswith(LEFT_OUT):
            return
        if heading:
            yield paragraph
        elif paragraph.startswith("$$"):
            lead = SENTENCE.split(paragraphs[number - 1])[-1]
            yield from [paragraph] if number == 1 + (not first) else [lead, paragraph]
        elif number == 0 or paragraph.startswith("**") or LIST.match(paragraph):
            caption = re.match(r"\*[^*]", paragraph)
            yield from [] if caption else [NEW_SLIDE]
            yield short(paragraph)
        elif number == 1 and not first:
            yield short(paragraph)


def short(paragraph, most=45):
    """As many whole sentences as have at most so many words, but at least one. Lists are whole."""
    if LIST.search(paragraph):
        return paragraph
    kept, *rest = SENTENCE.split(paragraph)
    for sentence in rest:
        if len(f"{kept} {sentence}".split()) > most:
            break
        kept += f" {sentence}"
    return kept


def build(folder, mathjax):
    """The slides in `folder`/html. mathjax: the script that draws formulas."""
    shutil.rmtree(folder, ignore_errors=True)
    source = folder / "source"
    (source / "_static").mkdir(parents=True)
    shutil.copy(HERE / "_static" / "slides.css", source / "_static")
    shutil.copy(mathjax, source / "_static")
    (source / "conf.py").write_text(CONF, encoding="utf-8")
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    (source / "index.md").write_text(deck(notebook, source), encoding="utf-8")
    # by itself: a second Sphinx in one process warns of extensions that the first has loaded
    sphinx = [sys.executable, "-m", "sphinx", "-q", "-W", "-b", "revealjs"]
    if subprocess.run([*sphinx, str(source), str(folder / "html")]).returncode:
        sys.exit("The slides have faults; they are named above.")
    return folder / "html"


if __name__ == "__main__":
    from website import mathjax

    print(f"The slides are in {build(HERE / '_build' / 'slides', mathjax())}")
