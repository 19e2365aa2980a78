"""Are the stored notebooks what a reader should see: executed, equal to their .py, without
errors, short cells, same on every machine?

nbval runs them beside this, and compares the outputs. It passes a notebook that was never
executed, so that is asked here.
"""

import ast
import re
import subprocess
import sys
from pathlib import Path

import build
import nbformat
import pytest
from nbformat import v4

NOTEBOOKS = sorted(build.HERE.glob("[0-9][0-9]_*.ipynb"))
PAIRS = sorted({*NOTEBOOKS, *(py.with_suffix(".ipynb") for py in build.sources())})
LONGEST_CELL = 15
MOST_CELLS = 90
# functions of the chapters that return a figure
PICTURES = {"bands", "beside", "by_seed", "draw", "fits", "fronts", "graph"}
OF_ONE_MACHINE = {
    "an absolute path": re.compile(
        r"(?<![\w.:/])/(home|root|Users|tmp|var|usr|opt|mnt|work|private)/\w|\b[A-Z]:\\\w"
    ),
    "a memory address": re.compile(r"\b0x[0-9a-fA-F]{6,}\b"),
}
OF_ONE_RUN = {
    "a date": re.compile(r"\b20\d\d-\d\d-\d\d[ T]\d\d:\d\d"),
    "a random id": re.compile(
        r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\b[0-9a-f]{32}\b"
    ),
}


def code_cells(notebook):
    """(number counted from 1, cell) of every code cell that holds code."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [(number, cell) for number, cell in enumerate(cells, 1) if cell.source.strip()]


def text_of(output):
    """Every text a stored output shows; pictures are left out, tracebacks are not."""
    data = output.get("data", {})
    shown = [
        value
        for kind, value in data.items()
        if kind.startswith("text/") or kind in ("image/svg+xml", "application/json")
    ]
    return "\n".join(map(str, [*shown, output.get("text", ""), *output.get("traceback", [])]))


def not_executed(notebook):
    """Code cells without a number, numbers out of order, or no output at all."""
    cells = code_cells(notebook)
    counts = [cell.execution_count for _, cell in cells]
    problems = [
        f"code cell {number} was not executed"
        for number, cell in cells
        if cell.execution_count is None
    ]
    if not problems and counts != list(range(1, len(counts) + 1)):
        problems.append(f"the cells were not executed once each from the top: {counts}")
    if not any(cell.outputs for _, cell in cells):
        problems.append("no cell has an output")
    return problems


def errors(notebook):
    """Stored tracebacks, and anything written to stderr: warnings, progress bars."""
    found = []
    for number, cell in code_cells(notebook):
        for output in cell.outputs:
            if output.output_type == "error":
                found.append(f"code cell {number} stores an error: {output.ename}: {output.evalue}")
            if output.get("name") == "stderr":
                found.append(f"code cell {number} writes to stderr: {output.text[:80]!r}")
    return found


def long_cells(notebook):
    """Code cells of more lines than a reader takes in at once; empty lines are free."""
    lengths = [
        (number, sum(bool(line.strip()) for line in cell.source.splitlines()))
        for number, cell in code_cells(notebook)
    ]
    return [
        f"code cell {number} has {lines} lines, at most {LONGEST_CELL}"
        for number, lines in lengths
        if lines > LONGEST_CELL
    ]


def many_cells(notebook):
    """More cells than a session has room for."""
    count = len(notebook.cells)
    return [f"{count} cells, at most {MOST_CELLS}"] * (count > MOST_CELLS)


def unseen_pictures(notebook):
    """Pictures that are drawn and not shown: Jupyter shows what the last line of a cell gives."""
    found = []
    for number, cell in code_cells(notebook):
        for statement in ast.parse(cell.source).body[:-1]:
            called = ast.unparse(statement).partition("(")[0].rpartition(".")[2]
            if isinstance(statement, ast.Expr) and called in PICTURES:
                found.append(f"code cell {number} draws by {called}, and shows something else")
    return found


def unsteady_outputs(notebook):
    """Outputs that only one machine or one run can give.
    A cell tagged nbval-ignore-output may show a date."""
    found = []
    for number, cell in code_cells(notebook):
        patterns = (
            OF_ONE_MACHINE
            if build.VOLATILE in cell.metadata.get("tags", [])
            else OF_ONE_MACHINE | OF_ONE_RUN
        )
        for output in cell.outputs:
            if build.WIDGET_VIEW in output.get("data", {}):
                found.append(f"code cell {number} stores a live widget view")
            found += [
                f"code cell {number} shows {what}: {match[0]!r}"
                for what, pattern in patterns.items()
                if (match := pattern.search(text_of(output)))
            ]
    return found + ["the notebook stores widget states"] * ("widgets" in notebook.metadata)


def not_as_built(notebook):
    """Cell ids and metadata other than build.py gives: the notebook was saved by something else."""
    fresh = build.from_py(build.to_py(notebook))
    same = fresh.metadata == notebook.metadata and [c.id for c in fresh.cells] == [
        c.id for c in notebook.cells
    ]
    return [] if same else ["not built by notebooks/build.py"]


CHECKS = [
    not_executed,
    errors,
    long_cells,
    many_cells,
    unseen_pictures,
    unsteady_outputs,
    not_as_built,
]


@pytest.mark.parametrize("ipynb", PAIRS, ids=lambda path: path.stem)
def test_the_py_and_the_notebook_say_the_same(ipynb):
    assert build.check(ipynb.with_suffix(".py"), ipynb) == ""


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("ipynb", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_stored_notebook_has_nothing(check, ipynb):
    assert check(nbformat.read(ipynb, as_version=4)) == []


@pytest.mark.parametrize("ipynb", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_first_cell_says_what_to_do_on_a_hosted_service(ipynb):
    first = nbformat.read(ipynb, as_version=4).cells[0].source
    assert "hosted notebook service" in first and "`%pip install ..`" in first


def executed(*sources, outputs=(), metadata=None):
    """A built notebook of code cells, the outputs on the last."""
    notebook = build.from_py(
        build.to_py(v4.new_notebook(cells=[v4.new_code_cell(source) for source in sources]))
    )
    for count, cell in enumerate(notebook.cells, 1):
        cell.execution_count = count
    notebook.cells[-1].outputs = list(outputs)
    notebook.cells[-1].metadata.update(metadata or {})
    return notebook


def shown(text, kind="text/plain"):
    return v4.new_output("display_data", data={kind: text})


FINE = executed("x = 1", "x", outputs=[shown("1")])
LONG = "\n\n".join(f"x{i} = {i}" for i in range(LONGEST_CELL + 1))


def test_a_good_notebook_passes_every_check():
    assert [problem for check in CHECKS for problem in check(FINE)] == []


@pytest.mark.parametrize(
    "check, notebook, says",
    [
        (not_executed, build.from_py("# %%\n1\n"), "code cell 1 was not executed"),
        (not_executed, executed("x = 1"), "no cell has an output"),
        (
            errors,
            executed(
                "1/0",
                outputs=[
                    v4.new_output("error", ename="ZeroDivisionError", evalue="", traceback=[])
                ],
            ),
            "stores an error",
        ),
        (
            errors,
            executed("warn()", outputs=[v4.new_output("stream", name="stderr", text="careful")]),
            "writes to stderr",
        ),
        (long_cells, executed(LONG), "16 lines, at most 15"),
        (many_cells, executed(*["1"] * 91), "91 cells, at most 90"),
        (
            unseen_pictures,
            executed("ch.fits(x)\nassert x", outputs=[shown("1")]),
            "code cell 1 draws by fits",
        ),
        (
            unsteady_outputs,
            executed("f", outputs=[shown("<function f at 0x7f0a5c0d1e40>")]),
            "a memory address",
        ),
        (
            unsteady_outputs,
            executed("f", outputs=[shown("saved in /home/ann/course/a.json")]),
            "an absolute path",
        ),
        (
            unsteady_outputs,
            executed("f", outputs=[shown("<b>C:\\Users</b>", "text/html")]),
            "an absolute path",
        ),
        (unsteady_outputs, executed("f", outputs=[shown("made 2026-01-31 12:00")]), "a date"),
        (
            unsteady_outputs,
            executed(
                "f", outputs=[shown('<div id="00112233445566778899aabbccddeeff">', "text/html")]
            ),
            "a random id",
        ),
        (
            unsteady_outputs,
            executed("f", outputs=[shown({"model_id": "1"}, build.WIDGET_VIEW)]),
            "a live widget view",
        ),
        (not_as_built, v4.new_notebook(cells=[v4.new_code_cell("x")]), "not built by"),
    ],
    ids=lambda value: (
        value.__name__ if callable(value) else value if isinstance(value, str) else ""
    ),
)
def test_a_bad_notebook_is_caught(check, notebook, says):
    assert says in "; ".join(check(notebook))


def test_a_cell_tagged_volatile_may_show_a_date_but_no_path():
    tagged = {"tags": [build.VOLATILE]}
    assert (
        unsteady_outputs(executed("now()", outputs=[shown("2026-01-31 12:00")], metadata=tagged))
        == []
    )
    assert unsteady_outputs(executed("here()", outputs=[shown("/root/x")], metadata=tagged)) != []


def test_numbers_out_of_order_are_caught():
    swapped = executed("a", "b", outputs=[shown("1")])
    swapped.cells[0].execution_count, swapped.cells[1].execution_count = 2, 1
    assert "from the top" in not_executed(swapped)[0]


def test_paths_in_urls_and_fractions_are_no_machine_paths():
    assert (
        unsteady_outputs(executed("f", outputs=[shown("https://example.org/home/x, 3/4, a/tmp/b")]))
        == []
    )


@pytest.fixture
def pair(tmp_path):
    py, ipynb = tmp_path / "42_pair.py", tmp_path / "42_pair.ipynb"
    py.write_text(build.to_py(FINE), encoding="utf-8")
    nbformat.write(FINE, ipynb)
    return py, ipynb


def test_a_matching_pair_has_no_complaint(pair):
    assert build.check(*pair) == ""


@pytest.mark.parametrize(
    "before, after",
    [("x = 1", "x = 2"), ("x = 1\n", "x = 1\n\n# %% [markdown]\n# more\n"), ("'1.3'", "'1.2'")],
)
def test_a_pair_that_differs_is_caught_and_the_line_named(pair, before, after):
    py, _ = pair
    py.write_text(py.read_text().replace(before, after))
    assert re.match(
        r"42_pair\.py:\d+ says .*42_pair\.ipynb says .*build\.py 42_pair$", build.check(*pair)
    )


@pytest.mark.parametrize("missing", [0, 1])
def test_half_a_pair_is_caught(pair, missing):
    pair[missing].unlink()
    assert f"{pair[missing].name} is missing" in build.check(*pair)


WIDGET = """\
# %% tags=["nbval-ignore-output"]
import time
print(time.time())

# %%
import ipywidgets
slider = ipywidgets.IntSlider(description="n")
view = slider._repr_mimebundle_()["application/vnd.jupyter.widget-view+json"]
seen = {"image/png": "iVBORw==", "text/plain": "n = 0"}
display({"application/vnd.jupyter.widget-view+json": view, **seen}, raw=True)
"""


def test_building_twice_gives_the_same_bytes_and_keeps_the_picture_of_a_widget(tmp_path):
    py, ipynb = tmp_path / "42_widget.py", tmp_path / "42_widget.ipynb"
    py.write_text(WIDGET)
    build.build(py)
    first = ipynb.read_bytes()
    build.build(py)
    assert ipynb.read_bytes() == first
    assert build.check(py, ipynb) == ""
    notebook = nbformat.read(ipynb, as_version=4)
    assert [problem for check in CHECKS for problem in check(notebook)] == []
    assert notebook.cells[0].metadata.tags == [build.VOLATILE]
    assert set(notebook.cells[1].outputs[0].data) == {"image/png", "text/plain"}


def test_a_failing_cell_is_shown_and_the_old_notebook_stays(tmp_path):
    folder = tmp_path / "notebooks"
    folder.mkdir()
    script = folder / "build.py"
    script.write_bytes(Path(build.__file__).read_bytes())
    (folder / "42_bad.py").write_text("# %%\nx = 40 + 2\nx / 0\n")
    (folder / "42_bad.ipynb").write_text("as it was")
    run = subprocess.run([sys.executable, script, "42"], capture_output=True, text=True)
    assert run.returncode == 1
    assert (
        "x / 0" in run.stderr
        and "ZeroDivisionError" in run.stderr
        and "42_bad.ipynb is as it was" in run.stderr
    )
    assert (folder / "42_bad.ipynb").read_text() == "as it was"
    assert sorted(path.name for path in folder.iterdir()) == [
        "42_bad.ipynb",
        "42_bad.py",
        "build.py",
    ]
