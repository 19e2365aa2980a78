"""How does NN_topic.py become NN_topic.ipynb? Execute it, keep what a reader can see,
drop what changes from run to run.

    python notebooks/build.py              every notebook
    python notebooks/build.py 00 04_sine   those whose names start so
    python notebooks/build.py --check      execute nothing; compare each .py with its .ipynb,
                                           code and text

The .py is the source. Building twice gives the same bytes, so a change in an .ipynb is a change
in the course.
"""

import argparse
import hashlib
import os
import re
import sys
import time
from collections import Counter
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

HERE = Path(__file__).resolve().parent
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LANGUAGE = {
    "name": "python",
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "pygments_lexer": "ipython3",
}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
VOLATILE = "nbval-ignore-output"
# jupytext leaves one line before a cell that begins so, the formatter of the .py wants two.
BEFORE_A_DEFINITION = re.compile(r"(?<!\n)\n\n(# %%.*\n(?:#.*\n)*(?:def |class |async def |@))")
# And sometimes two after imports, where the formatter wants one.
AFTER_IMPORTS = re.compile(r"^((?:import|from) .*\n)\n\n(?=# %%)", re.MULTILINE)
SECONDS_PER_CELL = 1800  # only a cell that hangs takes so long


def to_py(notebook):
    """The percent-format text of a notebook, header included: what its .py has to be,
    to the byte."""
    text = jupytext.writes(notebook, fmt="py:percent")
    text = AFTER_IMPORTS.sub(r"\1\n", text)
    return BEFORE_A_DEFINITION.sub(r"\n\n\n\1", text)


def from_py(text):
    """The notebook of a percent-format text: no outputs, metadata the same on every machine,
    cell ids from the cells' text."""
    cells, seen = jupytext.reads(text, fmt="py:percent").cells, Counter()
    for cell in cells:
        words = f"{cell.cell_type}\n{cell.source}"
        cell.id = hashlib.sha256(f"{words}\n{seen[words]}".encode()).hexdigest()[:12]
        cell.metadata.pop(
            "lines_to_next_cell", None
        )  # jupytext's note of unusual spacing; the spacing becomes the usual one
        seen[words] += 1
    return nbformat.v4.new_notebook(
        cells=cells, metadata={"kernelspec": KERNEL, "language_info": LANGUAGE}
    )


def check(py, ipynb):
    """What is wrong with a pair, in words; an empty string if nothing is."""
    if not ipynb.exists():
        return f"{ipynb.name} is missing: python notebooks/build.py {py.stem}"
    if not py.exists():
        return f"{py.name} is missing: the .py is the source of {ipynb.name}"
    wanted, found = to_py(nbformat.read(ipynb, as_version=4)), py.read_text(encoding="utf-8")
    if wanted == found:
        return ""
    wanted, found = wanted.split("\n"), found.split("\n")
    line = next(
        (i for i, (a, b) in enumerate(zip(wanted, found)) if a != b), min(len(wanted), len(found))
    )
    there, here = (
        repr(lines[line]) if line < len(lines) else "nothing more" for lines in (wanted, found)
    )
    both = f"{py.name}:{line + 1} says {here}, {ipynb.name} says {there}"
    return f"{both}: python notebooks/build.py {py.stem}"


def execute(notebook, folder):
    """Run every cell in a fresh kernel whose working folder is `folder`;
    the outputs land in `notebook`."""
    client = NotebookClient(
        notebook,
        timeout=SECONDS_PER_CELL,
        kernel_name=KERNEL["name"],
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}},
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
    )
    client.execute()
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": LANGUAGE})
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if (
                "data" in output
            ):  # a live view is an id of this run; the picture and the text beside it stay
                output.data.pop(WIDGET_VIEW, None)
                output.metadata.pop(WIDGET_VIEW, None)


def same_but_volatile(old, new):
    """Whether two notebooks differ at most in the outputs of cells tagged nbval-ignore-output:
    clocks, versions, speeds."""

    def steady(notebook):
        volatile = [cell.id for cell in notebook.cells if VOLATILE in cell.metadata.get("tags", [])]
        return [
            {**cell, "outputs": None} if cell.id in volatile else cell for cell in notebook.cells
        ]

    return old.metadata == new.metadata and steady(old) == steady(new)


def replace(path, text):
    """Write a file whole or not at all."""
    partial = path.with_suffix(path.suffix + ".partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)


def build(py):
    """Bring the .py into jupytext's form (header, blank lines), execute it, store the .ipynb.
    A failing cell stores nothing."""
    text, ipynb = py.read_text(encoding="utf-8"), py.with_suffix(".ipynb")
    notebook = from_py(text)
    if to_py(notebook) != text:
        replace(py, to_py(notebook))
        print(f"{py.name}: header or spacing brought into jupytext's form")
    execute(notebook, py.parent)
    new = nbformat.writes(notebook) + "\n"
    if not ipynb.exists() or not same_but_volatile(
        nbformat.read(ipynb, as_version=4), nbformat.reads(new, as_version=4)
    ):
        replace(ipynb, new)


def sources(names=(), folder=HERE):
    """The .py files of all notebooks, or of those whose names start with one of `names`
    (4, 04_sine, notebooks/04_sine.ipynb)."""
    found = sorted(folder.glob("[0-9][0-9]_*.py"))
    wanted = [Path(name).stem.zfill(2) for name in names]
    for name in wanted:
        if not any(py.stem.startswith(name) for py in found):
            there = ", ".join(py.stem for py in found) or "none"
            raise SystemExit(f"no notebook starts with {name!r}; there are: {there}")
    return [py for py in found if not wanted or py.stem.startswith(tuple(wanted))]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "names", nargs="*", help="the beginning of a name, such as 04; default: all"
    )
    parser.add_argument("--check", action="store_true", help="compare the pairs, execute nothing")
    args = parser.parse_args()
    if args.check:
        problems = [
            problem
            for py in sources(args.names)
            if (problem := check(py, py.with_suffix(".ipynb")))
        ]
        raise SystemExit("\n".join(problems) or None)
    os.environ["OMP_NUM_THREADS"] = "1"  # sums come out in one order, whatever the number of cores
    os.environ.pop("MPLBACKEND", None)  # the kernel chooses its own: figures inline
    for py in sources(args.names):
        start = time.perf_counter()
        try:
            build(py)
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            sys.exit(f"{error}\n{py.name}: a cell failed, {py.stem}.ipynb is as it was")
        print(f"{py.stem}: {time.perf_counter() - start:.1f} s", flush=True)


if __name__ == "__main__":
    main()
