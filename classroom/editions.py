"""Makes the instructor's and the student's edition of every notebook, as nbgrader has them.

    python classroom/editions.py            all of them, into classroom/course
    python classroom/editions.py 02 04      some
    python classroom/editions.py --folder /some/where

The notebooks of the course stay as they are. An exercise there is one cell: a stub, and a line
that checks it. In an edition it is two cells, and a third at the end of the notebook that gives
the points. In the instructor's edition, source/, the stub is solved. nbgrader makes the
student's, release/, of it. Hints are text in both, and none of them is the solution.
"""

import argparse
import ast
import html
import importlib
import os
import pkgutil
import re
import shutil
import sys
import textwrap
from pathlib import Path

import nbformat
from nbformat import v4

from unlearnlab import chapters
from unlearnlab.course import exercises

HERE = Path(__file__).resolve().parent
NOTEBOOKS = HERE.parent / "notebooks"
CHECK = re.compile(r'\n*^(\w+) = (ch\w*)\.check\("\1", \1\)$', re.M)
HINTS = re.compile(r'^ch\w*\.hints\("(\w+)"\)\Z', re.M)  # in the cell of the check, or the next
STUB = re.compile(r"^( +)raise NotImplementedError\n*", re.M)
LINK = re.compile(r"\]\((\d\d_\w+)\.ipynb")
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
POINTS = """## Points

Each of these cells gives one point, once the function of that name is yours and right.
Nothing is to be written here."""
GIVES = (
    'assert {name} is not EXERCISES["{name}"].reference, "still a stub: no point"\n'
    'assert {ch}.check("{name}", {name}) is {name}, "still a stub: no point"'
)


def marked(cell, grade_id, solution=False, grade=False):
    """The cell with nbgrader's metadata. A cell that is neither is shown and cannot be changed."""
    cell.metadata = {
        "nbgrader": {
            "grade": grade,
            "grade_id": grade_id,
            "locked": not solution,
            "schema_version": 3,
            "solution": solution,
            "task": False,
        }
        | ({"points": 1} if grade else {})
    }
    return cell


def solved(stub, reference):
    """The stub with the reference's body between nbgrader's marks, in place of its last line.

    A class has its solved method below the stub's, which it replaces.
    """
    source = exercises.solution(reference)
    definition = ast.parse(source).body[0]
    body = "\n".join(source.splitlines()[definition.body[0].end_lineno :])  # after its docstring
    body = textwrap.dedent(body).strip("\n")
    indent = STUB.search(stub)[1]
    opened = STUB.sub("", stub).rstrip()
    if isinstance(definition, ast.ClassDef):
        outer = textwrap.indent(body, indent[4:])
        return "\n".join([opened, f"{indent}{BEGIN}\n{indent}pass\n", outer, indent + END])
    inner = "\n".join([BEGIN, body, END])
    return opened + "\n" + textwrap.indent(inner, indent)


def folded(name):
    """The hints of an exercise, one inside the other; the solution, which is the last, is out."""
    inner = ""
    texts = exercises.hints(name)[:-1]
    for number, text in reversed(list(enumerate(texts, 1))):
        body = f"<p>{html.escape(text)}</p>"
        inner = f"<details><summary>Hint {number}</summary>{body}{inner}</details>"
    return inner


def edition(notebook):
    """The instructor's edition of a notebook of the course, without outputs."""
    cells, points = [], []
    for cell in notebook.cells:
        check = CHECK.search(cell.source)
        hints = HINTS.search(cell.source)
        if check:
            name, ch = check.groups()
            reference = exercises.EXERCISES[name].reference
            answer = solved(cell.source[: check.start()], reference)
            cells.append(marked(v4.new_code_cell(answer), name, solution=True))
            cells.append(marked(v4.new_code_cell(check[0].strip()), f"{name}-check"))
            gives = v4.new_code_cell(GIVES.format(name=name, ch=ch))
            points.append(marked(gives, f"{name}-points", grade=True))
        if hints:
            cells.append(marked(v4.new_markdown_cell(folded(hints[1])), f"{hints[1]}-hints"))
        if not check and not hints:
            text = LINK.sub(r"](../\1/\1.ipynb", cell.source)
            new = v4.new_code_cell if cell.cell_type == "code" else v4.new_markdown_cell
            cells.append(new(text))
    if points:
        cells.append(marked(v4.new_markdown_cell(POINTS), "points"))
        needed = v4.new_code_cell("from unlearnlab.course.exercises import EXERCISES")
        cells += [marked(needed, "points-need"), *points]
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"  # the same at every call
    return v4.new_notebook(cells=cells, metadata=notebook.metadata)


def register():
    """Imports every chapter, which registers its exercises."""
    for module in pkgutil.iter_modules(chapters.__path__, chapters.__name__ + "."):
        importlib.import_module(module.name)


def with_path():
    """The environment in which nbgrader finds the programs beside this Python, such as alembic."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return {**os.environ, "PATH": path}


def write(folder, wanted=()):
    """Both editions of the notebooks whose names start so, in the course's folder.

    What students handed in, and the gradebook, stay. Returns the names of the assignments.
    """
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import PyFileConfigLoader

    os.environ.update(with_path())
    register()
    paths = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
    for name in wanted:
        if not any(path.name.startswith(name) for path in paths):
            sys.exit(
                f"no notebook starts with {name!r}; there are: {', '.join(p.stem for p in paths)}"
            )
    paths = [path for path in paths if path.name.startswith(tuple(wanted) or "")]
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "nbgrader_config.py", folder)
    settings = PyFileConfigLoader("nbgrader_config.py", path=str(HERE)).load_config()
    settings.CourseDirectory.root = str(folder)
    api = NbGraderAPI(config=settings)
    for path in paths:
        source = folder / "source" / path.stem
        source.mkdir(parents=True, exist_ok=True)
        made = edition(nbformat.read(path, as_version=4))
        nbformat.write(made, source / path.name)
        done = api.generate_assignment(path.stem, force=True, create=True)
        if not done["success"]:
            sys.exit(f"nbgrader made no student's edition of {path.stem}:\n{done['log']}")
    return [path.stem for path in paths]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="the beginning of a name; default: all")
    parser.add_argument("--folder", type=Path, default=HERE / "course")
    args = parser.parse_args()
    made = write(args.folder.resolve(), args.names)
    print(f"{len(made)} notebooks: instructor's in {args.folder / 'source'}, ", end="")
    print(f"students' in {args.folder / 'release'}")


if __name__ == "__main__":
    main()
