"""The plane of retain accuracy and forget error: where methods land, and which of their settings no
other beats in both."""

import re

import numpy as np

from ..study import choosing
from .marks import looks_of, mean_mark, name_points
from .style import OTHER, REFERENCES, Figure, figure, look


@look()
def fronts(
    points: dict,
    references: dict[str, tuple],
    finding: str = "",
    looks=(),
    xlabel="retain accuracy (gray test images; higher is better)",
    ylabel="forget error (lower is better)",
) -> Figure:
    """Each method's Pareto front, or the place of its one setting, beside what it is measured by.

    points: name -> (k, 4), a row per setting: retain accuracy, forget error, and the standard
    errors of both, which may be NaN or left out; one such row alone is one setting. references:
    "original", "ground truth" -> (retain accuracy, forget error); the ideal is the corner (1, 0).
    looks: as in `looks_of`. xlabel, ylabel: the alt text has what stands before a comma or bracket.

    Settings of a method that another one beats are small dots, if they lie near the fronts; its
    name is at the setting nearest to the ideal.
    """
    fig, ax = figure(size=(7.2, 5))
    points = {name: rows for name, rows in points.items() if np.size(rows)}
    places = {**references, "ideal": (1, 0)}
    for name, place in places.items():
        ax.plot(*place, **REFERENCES[name])
    looks, bars, beaten, said = looks_of(points, looks), [], {}, []
    for name, rows in points.items():
        rows = np.atleast_2d(rows)
        rows = np.nan_to_num(np.pad(rows, [(0, 0), (0, 4 - rows.shape[1])]))
        losses = np.abs([1, 0] - rows[:, :2])
        kept = choosing.front(losses)
        x, y, across, up = rows[kept][np.argsort(rows[kept, 0], kind="stable")].T
        color, line = looks[name]["color"], looks[name]["linestyle"]
        # steps: as the area has it
        ax.plot(x, y, color=color, linestyle=line, drawstyle="steps-pre", label=name)
        mean_mark(ax, x, y, looks[name], xerr=across, yerr=up)
        bars += [np.stack([x - across, y, x + across, y]), np.stack([x, y - up, x, y + up])]
        places[name] = rows[np.hypot(*losses.T).argmin(), :2]
        beaten[name] = rows[~kept, :2]
        nearest = "{:.2f}, {:.2f}".format(*places[name])
        words = f"{name}, front of {len(x)} of {len(rows)} settings, nearest {nearest}"
        said.append(words if len(rows) > 1 else name)
    ax.margins(0.07)
    ax.autoscale_view()
    ax.autoscale(False)
    colors = {name: looks.get(name, OTHER)["color"] for name in places}
    for name, dots in beaten.items():
        ax.plot(*dots.T, ".", color=colors[name], markersize=2.5, alpha=0.35)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    name_points(ax, places, colors, np.hstack(bars).T)
    across, up = (re.split(r" \(|, ", label)[0] for label in (xlabel, ylabel))
    return fig.done(finding, f"{across[:1].upper() + across[1:]} and {up}: {'; '.join(said)}")
