"""Does nbgrader take the two editions: are solutions out, hints in, and the points as they should
be for right, wrong and empty answers?"""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "classroom"))
import editions  # noqa: E402

from unlearnlab.course import exercises  # noqa: E402

NOTEBOOKS = sorted(editions.NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
DRIVEN = "01_why_loss_is_not_enough"  # four exercises, and quick
STUDENT = "emmy"


@pytest.fixture(scope="module", autouse=True)
def registered():
    editions.register()


def metadata(cell):
    return cell.metadata.get("nbgrader", {})


def answers(notebook):
    """The name of an exercise -> its cell."""
    return {metadata(c)["grade_id"]: c for c in notebook.cells if metadata(c).get("solution")}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_exercise_can_be_answered_and_gives_a_point(path):
    notebook = editions.edition(nbformat.read(path, as_version=4))
    nbformat.validate(notebook)
    asked = re.findall(r'\.check\(\\"(\w+)\\"', path.read_text(encoding="utf-8"))
    assert list(answers(notebook)) == asked
    points = [metadata(cell)["grade_id"] for cell in notebook.cells if metadata(cell).get("grade")]
    assert points == [f"{name}-points" for name in asked]
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(".hints(" in source for source in code)
    hints = [cell.source for cell in notebook.cells if cell.source.startswith("<details>")]
    assert [text.count("<summary>Hint") for text in hints] == [
        len(exercises.hints(name)) - 1 for name in asked
    ]


def imports(code):
    """The import statements of a cell."""
    kinds = (ast.Import, ast.ImportFrom)
    return "\n".join(ast.unparse(node) for node in ast.parse(code).body if isinstance(node, kinds))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_solutions_are_right_where_they_stand(path):
    """With what the notebook has imported by then, and nothing else: the instructor's, and the one
    that the last hint shows, to be pasted over the stub. The cells with the points are content."""
    space = {"__name__": "__main__"}
    for cell in editions.edition(nbformat.read(path, as_version=4)).cells:
        if metadata(cell).get("grade"):
            exec(cell.source, space)
        if cell.cell_type == "code":
            exec(imports(cell.source), space)
        if metadata(cell).get("solution"):
            name = metadata(cell)["grade_id"]
            for solution in (cell.source, exercises.hints(name)[-1]):
                exec(solution, space)
                assert exercises.check(name, space[name]) is space[name]


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course with one assignment, handed in by a student and graded by nbgrader: one answer is
    right, two are wrong, one is a stub again after its check, which then gave the reference."""
    pytest.importorskip("nbgrader", reason="nbgrader is not installed: make classroom")
    folder = tmp_path_factory.mktemp("a classroom")
    assert editions.write(folder, [DRIVEN]) == [DRIVEN]
    solved = read(folder, "source")
    hand_in(folder, STUDENT, {
        "loss_gradient": answers(solved)["loss_gradient"].source,
        "gd_limit": "def gd_limit(X, y):\n    return X[0]",
        "leaked_component": "def leaked_component(theta, X_retain):\n    return theta",
    })  # fmt: skip
    graded = subprocess.run(
        [sys.executable, "-m", "nbgrader", "autograde", DRIVEN],
        cwd=folder,
        env=editions.with_path(),
        capture_output=True,
        text=True,
    )
    assert graded.returncode == 0, graded.stdout + graded.stderr
    return folder


def read(folder, step, student="."):
    return nbformat.read(folder / step / student / DRIVEN / f"{DRIVEN}.ipynb", as_version=4)


def hand_in(folder, student, answered):
    """What a student makes of the released notebook: some answers, and a cell of their own."""
    place = folder / "submitted" / student / DRIVEN
    shutil.copytree(folder / "release" / DRIVEN, place)
    notebook = nbformat.read(place / f"{DRIVEN}.ipynb", as_version=4)
    for name, source in answered.items():
        answers(notebook)[name].source = source
    again = "def suspicions(*anything):\n    raise NotImplementedError"
    points = [bool(metadata(cell).get("grade")) for cell in notebook.cells]
    notebook.cells.insert(points.index(True), nbformat.v4.new_code_cell(again))
    nbformat.write(notebook, place / f"{DRIVEN}.ipynb")


def test_the_students_edition_has_the_stubs_of_the_course_and_no_solution(course):
    released, solved = read(course, "release"), read(course, "source")
    text = json.dumps(released)
    assert "SOLUTION" not in text and "Solution" not in text
    assert not any(cell.get("outputs") for cell in released.cells)
    of_course = nbformat.read(editions.NOTEBOOKS / f"{DRIVEN}.ipynb", as_version=4)
    stubs = [cell.source.split("\nch.hints(")[0] for cell in of_course.cells]
    for name, cell in answers(released).items():
        assert f'{cell.source}\n\n\n{name} = ch.check("{name}", {name})' in stubs
        body = answers(solved)[name].source.split(editions.BEGIN)[1].split(editions.END)[0]
        lines = [line.strip() for line in body.splitlines() if line.strip().startswith("return")]
        assert lines and not any(line in text for line in lines)


def test_points_are_given_for_right_answers_only(course):
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        given = {
            grade.cell.name.removesuffix("-points"): grade.score
            for grade in gradebook.find_submission_notebook(DRIVEN, DRIVEN, STUDENT).grades
        }
    names = tuple(answers(read(course, "source")))
    assert names[0] == "loss_gradient" and len(names) == 4
    assert given == dict.fromkeys(names, 0) | {"loss_gradient": 1}


def test_a_wrong_answer_is_told_what_is_wrong_with_it(course):
    graded = read(course, "autograded", STUDENT)
    checks = {metadata(cell).get("grade_id"): cell for cell in graded.cells}
    said = json.dumps(checks["leaked_component-check"].outputs, ensure_ascii=False)
    assert "✗ leaked_component: " in said
    assert "still a stub" in json.dumps(checks["suspicions-points"].outputs)


def test_a_second_call_keeps_what_was_handed_in(course):
    before = os.stat(course / "gradebook.db").st_ino
    editions.write(course, [DRIVEN])
    assert os.stat(course / "gradebook.db").st_ino == before
    assert (course / "submitted" / STUDENT / DRIVEN).is_dir()
