"""Graphs: lines and points over axes with names, in panels side by side. The notebook says what
they are, or graphs.json does, where words and looks would hide what the notebook computes."""

from ..ground.files import beside
from .marks import decades, lines, name_rows, number_ticks, pi_ticks, plain_ticks
from .style import NAMED, Figure, figure, look

PLANS = beside(__file__, "graphs.json")


@look()
def graph(
    x=None,
    curves=None,
    panels: dict | None = None,
    *,
    key: int = 0,
    size: tuple[float, float] | None = None,
    down: int = 1,
    subplots: dict | None = None,
    finding: str = "",
    what: str = "",
    **common,
) -> Figure:
    """Lines and points, panel by panel.

    x: (k,). curves: name -> what there is to draw, as in `marks.lines`. panels: title -> what
    differs in it, of x, curves and all that follows. key: columns of one legend above the panels;
    without it, and without a legend in the panel, the names stand at the ends of the lines. size:
    inches. down: how many rows of panels. subplots: as in Figure.subplots. finding, what: as in
    Figure.done. common: of all panels,

    looks: name of a curve -> look, or looks in order, as in `marks.looks_of`. line: of all lines,
    as in Axes.plot, in place of what looks say. log: the axes with a logarithmic scale, such as
    "xy". floor: smaller values, exact zeros among them, stand on it. legend: as in Axes.legend.
    ticks: the only numbers across. rows: names of the heights 0, 1, ..., from above. powers: of ten
    upwards, or across if there are rows: first, last and step; the first stands for all that is
    less. Everything else is as in Axes.set.
    """
    panels = panels or {"": {}}
    fig, _ = figure(down, len(panels) // down, size, **subplots or {})
    common |= {"x": x, "curves": curves, "named": not key}
    for ax, (title, panel) in zip(fig.axes, panels.items()):
        _draw(ax, **{"title": title, **common, **panel})
        if down > 1:
            ax.label_outer()
    if key:
        named = {}
        for ax in fig.axes:
            handles, labels = ax.get_legend_handles_labels()
            named |= zip(labels, handles)
        fig.legend(named.values(), named, loc="outside upper center", ncols=key)
    return fig.done(finding, what)


def _draw(
    ax,
    x,
    curves,
    named,
    looks=(),
    line=None,
    log="",
    floor=None,
    legend=None,
    ticks=None,
    powers=None,
    rows=(),
    **properties,
):
    ax.set(**{f"{axis}scale": "log" for axis in log})
    if rows:
        name_rows(ax, rows)
    lines(ax, x, curves, looks, named and legend is None, floor, properties, **line or {})
    for axis in log:
        plain_ticks(getattr(ax, f"{axis}axis"))
    if legend is not None:
        ax.legend(**legend)
    if ticks is not None:
        number_ticks(ax.xaxis, ticks)
    if powers:
        decades(ax.xaxis if rows else ax.yaxis, *powers)


def draw(name: str, *curves: dict, **more) -> Figure:
    """A graph whose words, scales and looks stand in graphs.json, as arguments of `graph`.

    curves: of each of its panels, in their order. more: other arguments of `graph`.
    """
    panels = {}
    for (title, panel), own in zip(PLANS[name]["panels"].items(), curves, strict=True):
        panels[title] = panel | {"curves": own}
    return graph(**PLANS[name] | more | {"panels": panels})


def fits(x, panels: dict, retain, forget, limit: float = 2.4, finding: str = "") -> Figure:
    """Functions over the points of both sets, panel by panel, two in a row from four on.

    panels: title -> curves; curves, retain and forget as in `over_points`. limit: of |f|.
    """
    down = len(panels) // (1 + len(panels) // 4)
    points = {"retain": tuple(retain), "forget": tuple(forget)}
    names = {name: None for curves in panels.values() for name in curves}
    room = (x[-1] - x[0]) / 50
    fig = graph(
        x,
        panels={title: {"curves": {**curves, **points}} for title, curves in panels.items()},
        looks=dict.fromkeys(names.keys() - NAMED, "unlearned"),
        key=6 if len(names) < 5 else 4,
        down=down,
        size=(7.5, 1 + 2.2 * down),
        finding=finding,
        what=f"{', '.join(names)} by x: {', '.join(panels)}",
        xlabel="x",
        ylabel="f(θ, x)",
        xlim=(x[0] - room, x[-1] + room),
        ylim=(-limit, limit),
    )
    for ax in fig.axes if "sin x" in names else ():
        pi_ticks(ax.xaxis)
    return fig
