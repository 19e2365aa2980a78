"""Pictures of MinNorm-OG's inside: how dependent the rows are, what a projection keeps, how strong each one is."""
import numpy as np

from .style import (BLACK, BLUE, DARK_ORANGE, FORGET, GREEN, GREY, ORANGE, ORIGINAL, RETAIN, SKY, TARGET, UNLEARNED,
                    VERMILLION, figure, look)


@look()
def spectrum(double, single, cut=1e-13):
    """Eigenvalues of a Gram matrix with unit diagonal, relative to the largest. double, single: (k,), of the matrix
    formed in float64 and in float32; those of the second that are negative are drawn hollow, by their size."""
    double, single = (np.sort(np.asarray(v, float))[::-1] for v in (double, single))
    double, single = double / double[0], single / single[0]
    fig, ax = figure(size=(7.5, 3.8))
    number = np.arange(1, len(double) + 1)
    ax.semilogy(number, np.abs(single), color=ORANGE, marker="s", markersize=4, linestyle="none",
                markerfacecolor="none", markeredgewidth=1)
    ax.semilogy(number[single > 0], single[single > 0], color=ORANGE, marker="s", markersize=4, linestyle="none")
    ax.semilogy(number, double, color=BLUE, marker="o", markersize=4)
    ax.axhline(cut, color=BLACK, linestyle=":", linewidth=1.4)
    ax.axhline(2 ** -23, color=GREY, linestyle="--", linewidth=1.2)
    ax.annotate("rank cut of the float64 Gram matrix", (1, cut), (0, 4), textcoords="offset points")
    ax.annotate("rounding of float32", (1, 2 ** -23), (0, -13), textcoords="offset points", color=GREY)
    ax.annotate("Gram matrix in float64", (number[len(number) // 2], double[len(number) // 2]), (-10, -18), textcoords="offset points",
                color=BLUE, ha="right")
    ax.annotate("in float32 (hollow: negative)", (number[-1], 2 ** -20), (0, 12), textcoords="offset points", color=DARK_ORANGE, ha="right")
    ax.set(xlabel="number of the eigenvalue", ylabel="eigenvalue / largest", xlim=(0, len(double) + 1), ylim=(cut / 10, 3),
           title="The rows are nearly dependent, far below what float32 can tell")
    fig.alt = (f"The {len(double)} eigenvalues of the Gram matrix fall by {int(-np.log10(double[-1]))} powers of ten when it is formed in "
               "float64. Formed in float32 they stop falling at that format's rounding, and what follows is noise")
    return fig


@look()
def distances(cases):
    """cases: {name: {"QR": distance, "Gram": distance}}, distance of each answer to the SVD's, relative to the part in the span."""
    fig, ax = figure(size=(7.5, 2.6))
    looks = {"QR": {"color": VERMILLION, "marker": "X", "markersize": 9}, "Gram": {"color": BLUE, "marker": "o", "markersize": 7}}
    for place, found in enumerate(reversed(cases.values())):
        for way, value in found.items():
            ax.plot(max(value, 1e-16), place, linestyle="none", **looks[way])
            if place == len(cases) - 1:
                ax.annotate(way if way == "QR" else "Gram, with a rank test", (max(value, 1e-16), place), (0, 9), color=looks[way]["color"],
                            textcoords="offset points", ha="center")
    ax.axvline(1, color=GREY, linestyle=":", linewidth=1.2)
    ax.set(xscale="log", xlim=(1e-16, 10), ylim=(-.5, len(cases) - .35), yticks=range(len(cases)), yticklabels=reversed(cases),
           xlabel="distance to the SVD's answer / part of θ in the span", title="Dependent rows: QR removes what it should not")
    wrong = [name for name, found in cases.items() if found["QR"] > 1e-2]
    fig.alt = (f"QR and Gram agree with the SVD for independent rows. QR is off by more than a hundredth in {len(wrong)} of {len(cases)} cases: "
               f"{', '.join(wrong)}. The Gram matrix with a rank test is right in all")
    return fig


@look()
def kept_by_samples(counts, changes, first_order):
    """Change of the retain outputs after one projection, against the number of samples it was told to keep.

    counts: (m,). changes: {strength: (m, repeats)} root mean squares, one column per random subset. first_order: the same
    shape, what the rows predict.
    """
    fig, ax = figure(size=(7.5, 4.0))
    styles = [(BLUE, "o"), (VERMILLION, "^"), (GREEN, "s")]
    for (strength, change), (color, marker) in zip(changes.items(), styles):
        change, predicted = np.asarray(change), np.asarray(first_order[strength])
        for column in change.T:
            ax.semilogy(counts, column, color=color, marker=marker, markersize=3.5, linestyle="none", alpha=.55)
        ax.semilogy(counts, np.median(change, 1), color=color, linestyle="-")
        inside = np.median(predicted, 1)[:-1]
        ax.semilogy(counts[:-1], inside, color=color, linestyle=":")
        ax.annotate(f"strength {strength:g}", (0, change.max()), (0, 10), textcoords="offset points", color=color)
    low, high = ax.get_ylim()
    ax.set_ylim(low, 2.5 * high)
    ax.annotate("lines: medians\ndotted: first order alone, 0 at the right end", (0, low), (0, 10), textcoords="offset points", color=GREY)
    ax.set(xlabel="n_pert: retain samples whose outputs the projection keeps", ylabel="change of all 50 retain outputs\n(root mean square)",
           title="The more samples a projection keeps, the less it disturbs", xlim=(-1.5, counts[-1] + 1.5))
    fig.alt = ("The change of the retain outputs after one projection falls as more retain samples are kept. With all of them the first-order change "
               "is zero, and what is left is of second order: a tenth of the strength, about a hundredth of the change")
    return fig


@look()
def schedules(plans):
    """plans: {title: strengths per epoch}. Above, the strength of every projection; below, what is left of the part off the span."""
    fig, axes = figure(2, len(plans), size=(7.5, 4.2), squeeze=False, sharex="col", sharey="row")
    left = []
    for column, (title, plan) in zip(axes.T, plans.items()):
        plan, epochs = np.asarray(plan), np.arange(len(plan))
        on, share = plan > 0, np.concatenate([[1], np.cumprod(1 - plan)])
        column[0].vlines(epochs[on], 0, plan[on], color=BLUE, linewidth=1.4)
        column[0].plot(epochs[on], plan[on], color=BLUE, marker="o", markersize=3.5, linestyle="none")
        column[0].set_title(title)
        column[1].step(np.arange(len(share)), share, where="post", color=ORANGE, linewidth=1.8)
        column[1].annotate(f"{share[-1]:.2f}", (len(plan), share[-1]), (-2, 6), textcoords="offset points", ha="right", color=DARK_ORANGE)
        column[1].set(xlabel="epoch", ylim=(0, 1.08))
        for ax in column:
            ax.axvspan(epochs[on][-1] + 1, len(plan), color=SKY, alpha=.18, linewidth=0)
        column[0].annotate("descent\nonly", ((epochs[on][-1] + 1 + len(plan)) / 2, plan.max() * .78), ha="center", fontsize=9, color=GREY)
        left.append(f"{share[-1]:.2f} ({title})")
    axes[0, 0].set_ylabel("strength")
    axes[1, 0].set_ylabel("share left\noff the span")
    fig.alt = ("The strength of the projections shrinks by a constant factor from one to the next. If the span stood still, the share left of the part "
               f"off the span would be {' and '.join(left)}")
    return fig


@look()
def parting(epochs, lines):
    """lines: {label: distances}, distance between two runs relative to the way gone, per epoch. At most two."""
    fig, ax = figure(size=(7.5, 3.6))
    looks = [{"color": BLUE, "linestyle": "-"}, {"color": VERMILLION, "linestyle": (0, (4, 1.5))}]
    for (label, values), line, lift in zip(lines.items(), looks, ((0, -26), (0, 14))):
        values = np.maximum(np.asarray(values, float), 1e-10)
        ax.semilogy(epochs, values, **line)
        at = int(len(values) * .42)
        ax.annotate(label, (epochs[at], values[at]), lift, textcoords="offset points", color=line["color"])
    ax.set(xlabel="epoch", ylabel="distance of the two runs /\ndistance from the start", ylim=(1e-8, 1),
           title="Equal at first, then parted by rounding alone")
    fig.alt = ("The loop written here and the package's agree to rounding in the first epochs and then part until they level off. Two runs of the same loop part just as "
               "far when one starts from parameters changed by one rounding error")
    return fig


@look()
def fits(x, models, target, retain, forget):
    """x, target: (n,). models: {title: (original, unlearned)}, curves (n,); one panel each. retain, forget: pairs (x, y)."""
    fig, axes = figure(len(models), 1, size=(7.5, 2.5 * len(models)), squeeze=False, sharex=True, sharey=True)
    for ax, (title, (original, unlearned)) in zip(axes.flat, models.items()):
        ax.plot(x, target, **TARGET)
        ax.plot(x, original, **ORIGINAL)
        ax.plot(x, unlearned, **UNLEARNED)
        ax.plot(*retain, **RETAIN)
        ax.plot(*forget, **FORGET)
        ax.set(ylabel="f(θ, x)", ylim=(-4.2, 4.2), title=title)
    axes[-1, 0].set_xlabel("x")
    handles = axes[0, 0].get_lines()
    axes[0, 0].legend(handles, ["sin x", "original", "unlearned", "retain", "forget"], ncols=5, loc="lower center", fontsize=9,
                      handlelength=1.8, columnspacing=1.2, borderaxespad=.2)
    fig.alt = ("The original leaps up to the forget points. The unlearned curve leaves them and runs near sin x through the retain points, with errors "
               "where no retain point is near")
    return fig
