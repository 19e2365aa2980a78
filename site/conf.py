"""How Sphinx builds the website. Pages are laid out by website.py."""

from importlib.metadata import version as version_of

project = "unlearnlab"
version = release = version_of(project)
author = "the unlearnlab maintainers"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.mathjax", "sphinxcontrib.bibtex"]
exclude_patterns = ["_build"]
bibtex_bibfiles = ["references.bib"]

nb_execution_mode = "off"
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3

html_theme = "sphinx_book_theme"
html_context = {"default_mode": "light"}  # as the pictures are
html_title = "unlearnlab"
html_static_path = ["_static"]
html_css_files = ["course.css"]
html_js_files = [("replay.js", {"priority": 400})]
html_copy_source = html_show_sourcelink = False
html_theme_options = {
    "show_toc_level": 2,
    "use_download_button": False,
    "use_fullscreen_button": False,
    "navigation_with_keys": True,
}
mathjax_path = "tex-svg-full.js"  # without fonts to load: works from a folder, too

autodoc_typehints = "signature"
autodoc_member_order = "bysource"


def as_written(app, what, name, obj, options, lines):
    """Docstrings are plain text with formulas and columns, and stand as they were written."""
    while lines and not lines[-1].strip():
        lines.pop()
    if lines:
        lines[:] = ["::", "", *("   " + line for line in lines), ""]


def setup(app):
    app.connect("autodoc-process-docstring", as_written)
