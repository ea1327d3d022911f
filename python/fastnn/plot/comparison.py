"""Several trainings in one picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fastnn.plot.figures import figure_class, save_figure
from fastnn.plot.panels import GRID, INK

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
        Key of the histories. A training without it is an error; NaN leaves a gap.
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
    RuntimeError
        If matplotlib is not installed.

    Examples
    --------
    >>> runs = {"fast": {"val_accuracy": [0.6, 0.8]}, "slow": {"val_accuracy": [0.3, 0.5]}}
    >>> figure = comparison(runs)  # doctest: +SKIP
    """
    if over not in ("epoch", "seconds"):
        raise ValueError(f"comparison: over must be 'epoch' or 'seconds', got {over!r}")
    if not histories:
        raise ValueError("comparison: histories must hold at least 1 training, got none")
    needed = [quantity, "seconds"] if over == "seconds" else [quantity]
    for name, history in histories.items():
        for key in needed:
            if not len(history.get(key, ())):
                raise ValueError(
                    f"comparison: histories must each have {key!r}, got {name!r} with "
                    f"{sorted(history)}"
                )
        if over == "seconds" and len(history["seconds"]) != len(history[quantity]):
            raise ValueError(
                f"comparison: seconds must be as many as {quantity!r}, {len(history[quantity])} in "
                f"{name!r}, got {len(history['seconds'])}"
            )
    figure_type = figure_class("comparison")
    if ax is None:
        figure: Any = figure_type(figsize=(6.4, 4.2), dpi=120, layout="constrained")
        ax = figure.add_subplot()
    else:
        figure = ax.get_figure()
    for i, (name, history) in enumerate(histories.items()):
        values = np.asarray(history[quantity], np.float64)
        along = (
            np.cumsum(history["seconds"]) if over == "seconds" else np.arange(1, len(values) + 1)
        )
        ax.plot(
            along,
            values,
            color=COLORS[i % len(COLORS)],
            linestyle=("-", "--", ":", "-.")[i // len(COLORS) % 4],
            linewidth=1.6,
            marker="o" if len(values) == 1 else None,
            label=name,
        )
    ax.margins(x=0.02)
    ax.set_title(quantity, loc="left", color=INK)
    ax.set_xlabel(over, color=INK)
    ax.grid(True, color=GRID, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.tick_params(colors=INK)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    ax.legend(frameon=False, fontsize="small")
    if path is not None:
        save_figure(figure, path)
    return figure
