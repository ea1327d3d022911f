"""Several trainings in one picture."""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fastnn._checks import is_one_of
from fastnn.plot.figures import axes_of, check_path, count_epochs, figure_class, save_figure
from fastnn.plot.panels import GRID, INK, curve_of

_DRAWN: weakref.WeakSet[Any] = weakref.WeakSet()  # lines, for the legend of a later call
# Okabe and Ito's colours, which are told apart by the colour-blind too, without their yellow.
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")


def comparison(
    histories: Mapping[str, Mapping[str, Sequence[float]]],
    quantity: str = "val_accuracy",
    over: str = "epoch",
    path: Any = None,
    ax: Any = None,
) -> Any:
    """One quantity of several trainings, by epoch or by time, as a matplotlib figure.

    Parameters
    ----------
    histories : mapping of str to mapping
        What ``Trainer.fit`` returned, by the name of the training.
    quantity : str
        Key of the histories. A training without it is an error; NaN leaves a gap, and so does what
        is infinite or beyond 1e300.
    over : "epoch" or "seconds"
        What runs to the right; seconds are those of the training, added up.
    path : path, optional
        File to write; its suffix decides the format.
    ax : matplotlib Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    ValueError
        If there is no training, or one without the quantity; if ``over`` is something else.
    TypeError
        If a history is no mapping of names to lists of numbers, or another argument of the wrong
        kind.
    RuntimeError
        If matplotlib is not installed.

    Examples
    --------
    >>> runs = {"fast": {"val_accuracy": [0.6, 0.8]}, "slow": {"val_accuracy": [0.3, 0.5]}}
    >>> [line.get_label() for line in comparison(runs).axes[0].lines]
    ['fast', 'slow']
    """
    if not is_one_of(over, ("epoch", "seconds")):
        raise ValueError(f"comparison: over must be 'epoch' or 'seconds', got {over!r}")
    curves = _curves(histories, quantity, over)
    check_path(path, "comparison")
    figure_type = figure_class("comparison")
    if ax is None:
        figure: Any = figure_type(figsize=(6.4, 4.2), dpi=120, layout="constrained")
        ax = figure.add_subplot()
    else:
        (ax,) = axes_of(ax, "comparison", most=1)
        figure = ax.get_figure()
    for i, (name, (along, values)) in enumerate(curves.items()):
        (line,) = ax.plot(
            along,
            values,
            color=COLORS[i % len(COLORS)],
            linestyle=("-", "--", ":", "-.")[i // len(COLORS) % 4],
            linewidth=1.6,
            marker="o" if len(values) == 1 else None,
            label=name,
        )
        _DRAWN.add(line)
    ax.margins(x=0.02)
    if over == "epoch":
        count_epochs(ax)
    ax.set_title(quantity, loc="left", color=INK, parse_math=False)
    ax.set_xlabel(over, color=INK)
    ax.grid(True, color=GRID, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.tick_params(colors=INK)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    _add_legend(ax)
    if path is not None:
        save_figure(figure, path)
    return figure


def _add_legend(ax: Any) -> None:
    """What others drew, as matplotlib has it, and the trainings by their names as they are: "_" at
    the beginning hides none, "$" begins no formula."""
    own = [line for line in ax.lines if line in _DRAWN]
    pairs = zip(*ax.get_legend_handles_labels(), strict=True)
    others = [(handle, label) for handle, label in pairs if handle not in own]
    entries = [*others, *((line, line.get_label()) for line in own)]
    legend = ax.legend(*zip(*entries, strict=True), frameon=False, fontsize="small")
    for text in legend.get_texts()[len(others) :]:
        text.set_parse_math(False)


def _curves(histories: Any, quantity: str, over: str) -> dict[str, Any]:
    """What runs to the right and upwards, by the name of the training."""
    where = "comparison"
    if not isinstance(histories, Mapping):
        raise TypeError(
            f"{where}: histories must be a mapping of names to histories, got {histories!r}"
        )
    if not histories:
        raise ValueError(f"{where}: histories must hold at least 1 training, got none")
    curves = {}
    for name, history in histories.items():
        if not isinstance(history, Mapping):
            raise TypeError(
                f"{where}: histories must each be a mapping of names to lists, as Trainer.fit "
                f"returns, got {name!r} with {history!r}"
            )
        for key in [quantity, "seconds"] if over == "seconds" else [quantity]:
            if not np.size(history.get(key, ())):
                raise ValueError(
                    f"{where}: histories must each have {key!r}, got {name!r} with "
                    f"{sorted(history)}"
                )
        values = curve_of(history[quantity], where, "histories", quantity)
        along = np.arange(1.0, len(values) + 1)
        if over == "seconds":
            along = curve_of(history["seconds"], where, "histories", "seconds").cumsum()
        if len(along) != len(values):
            raise ValueError(
                f"{where}: seconds must be as many as {quantity!r}, {len(values)} in {name!r}, "
                f"got {len(along)}"
            )
        curves[name] = along, values
    return curves
