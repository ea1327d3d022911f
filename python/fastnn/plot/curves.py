"""Learning curves, by matplotlib where it is installed and by a small rasteriser elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fastnn.atomic import file_name, write_whole
from fastnn.plot.figures import axes_of, check_path, count_epochs, figure_class, save_figure
from fastnn.plot.panels import GRID, INK, VALIDATION, Panel, grid_of, panels_of


def learning_curves(
    history: Mapping[str, Sequence[float]], path: Any = None, ax: Any = None
) -> Any:
    """Loss and metrics by epoch, training and validation, as a matplotlib figure.

    The global state of matplotlib (pyplot, backend) is not touched.

    Parameters
    ----------
    history : mapping of str to list of float
        What ``Trainer.fit`` returns. ``val_x`` is drawn with ``x``; "lr" and "seconds" are not
        drawn. NaN leaves a gap, and so does what is infinite or beyond 1e300.
    path : path, optional
        File to write; its suffix decides the format.
    ax : matplotlib Axes, or a list of them, optional
        Where to draw: one quantity on each, in the order of the history. A new figure by default.

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    ValueError
        If the history holds no curve, or ``path`` ends in an unknown format.
    TypeError
        If the history is no mapping of names to lists of numbers, or another argument of the wrong
        kind.
    RuntimeError
        If matplotlib is not installed; ``save_learning_curves`` writes a PNG without it.

    Examples
    --------
    >>> figure = learning_curves({"loss": [0.9, 0.5, 0.4], "accuracy": [0.6, 0.8, 0.9]})
    >>> [axis.get_title("left") for axis in figure.axes]
    ['loss', 'accuracy']
    """
    panels = panels_of(history, "learning_curves")
    figure_type = figure_class(
        "learning_curves", ", or call save_learning_curves for a PNG without it"
    )
    check_path(path, "learning_curves")
    if ax is None:
        rows, columns = grid_of(len(panels))
        size = 5.2 * columns, 3.6 * rows
        figure: Any = figure_type(figsize=size, dpi=120, layout="constrained")
        figure.get_layout_engine().set(w_pad=0.12, h_pad=0.12)
        axes = [figure.add_subplot(rows, columns, i + 1) for i in range(len(panels))]
    else:
        axes = axes_of(ax, "learning_curves")
        figure = axes[0].get_figure()
    for panel, axis in zip(panels, axes, strict=False):
        _draw_panel(panel, axis)
    if path is not None:
        save_figure(figure, path)
    return figure


def save_learning_curves(history: Mapping[str, Sequence[float]], path: Any) -> Path:
    """Write the learning curves to a file, with matplotlib or without.

    Parameters
    ----------
    history : mapping of str to list of float
        What ``Trainer.fit`` returns.
    path : path
        Suffix ``.png``; any that matplotlib knows, where it is installed.

    Returns
    -------
    Path
        Of the file, which is put in place whole.

    Raises
    ------
    ValueError
        If the history holds no curve, if the suffix is unknown, or not ``.png`` and matplotlib is
        missing.
    TypeError
        If the history is no mapping of names to lists of numbers, or ``path`` no path.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> history = {"loss": [0.9, 0.5, 0.4], "val_loss": [1.0, 0.7, 0.6]}
    >>> save_learning_curves(history, Path(folder, "curves.png")).name
    'curves.png'
    """
    file = Path(file_name(path, "save_learning_curves"))
    panels = panels_of(history, "save_learning_curves")
    try:
        import matplotlib.figure as _  # noqa: F401
    except ImportError:
        if file.suffix.lower() != ".png":
            raise ValueError(
                "save_learning_curves: path must end in .png because matplotlib is not installed, "
                f"got {str(file)!r}"
            ) from None
        from fastnn.plot.raster import raster

        write_whole(file, [raster(panels)], "plot")
    else:
        check_path(file, "save_learning_curves")
        learning_curves(history, file)
    return file


def _draw_panel(panel: Panel, axis: Any) -> None:
    marker = "o" if max(len(panel.train), len(panel.validation)) == 1 else None
    curves = (panel.train, panel.validation)
    for values, (color, label) in zip([c for c in curves if len(c)], panel.legend(), strict=False):
        epochs = np.arange(1, len(values) + 1)
        axis.plot(epochs, values, color=color, label=label, linewidth=1.6, marker=marker)
    best = panel.best()
    if best is not None:
        axis.plot(*best, "o", color=VALIDATION, markersize=5)
    if panel.is_log:
        axis.set_yscale("log")
    axis.margins(x=0.02)
    pad = 6 if len(panel.name) <= 12 else 24
    axis.set_title(panel.name, loc="left", color=INK, pad=pad, parse_math=False)
    axis.set_xlabel("epoch", color=INK)
    count_epochs(axis)
    axis.grid(True, color=GRID, linewidth=0.8)
    axis.set_axisbelow(True)
    axis.tick_params(colors=INK)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    axis.legend(
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=2,
        frameon=False,
        fontsize="small",
        borderaxespad=0.2,
        columnspacing=1.2,
        handlelength=1.4,
    )
