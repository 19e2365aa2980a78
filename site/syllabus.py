"""What each notebook says of itself in its first cell: goals, what it needs, how long it takes."""

import json
import re

GOALS = re.compile(r"\*\*You will be able to\*\*.*?\n(- .*?)\n\n", re.S)
NEEDS = re.compile(r"\*\*You need\*\* (.*?)(?= \*\*Time|\n\*\*Time|\n\n|\Z)", re.S)
MINUTES = re.compile(r"\*\*Time\.\*\*.*?(\d+)\s+minutes", re.S)


def course(paths):
    """A dictionary for each notebook (.ipynb): file, title, minutes, goals, needs, exercises.

    Raises ValueError, which names the notebook, where the first cell does not say one of them.
    """
    told = []
    for path in sorted(paths):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        sources = ["".join(cell["source"]) for cell in cells]
        goals, needs, minutes = (part.search(sources[0]) for part in (GOALS, NEEDS, MINUTES))
        if not (goals and needs and minutes):
            raise ValueError(f"{path.name}: its first cell says no goals, needs or minutes")
        one_line = lambda text: " ".join(text.split())
        told.append(
            {
                "file": path.name,
                "title": sources[0].partition("\n")[0].removeprefix("# "),
                "minutes": int(minutes[1]),
                "goals": [one_line(goal) for goal in goals[1].removeprefix("- ").split("\n- ")],
                "needs": one_line(needs[1]),
                "exercises": sum(".check(" in source for source in sources),
            }
        )
    return told


def page(told):
    """The same as a part of a page, in Markdown."""
    parts = []
    for one in told:
        exercises = {0: "", 1: ", one exercise"}.get(
            one["exercises"], f", {one['exercises']} exercises"
        )
        goals = "\n".join(f"- {goal}" for goal in one["goals"])
        parts.append(
            f"### [{one['title']}](notebooks/{one['file']})\n\n"
            f"{one['minutes']} minutes{exercises}. Needs {one['needs']}\n\n"
            f"You will be able to\n\n{goals}\n"
        )
    return re.sub(r"\]\((?=\d\d_)", "](notebooks/", "\n".join(parts))
