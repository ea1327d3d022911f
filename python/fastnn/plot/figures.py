"""matplotlib, where it is installed: figures that leave its global state alone."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from fastnn.atomic import file_name, write_whole

_CELL = 1.1  # inches, of an image


def figure_class(where: str, instead: str = "") -> Any:
    """matplotlib's Figure, which needs no pyplot.

    Parameters
    ----------
    where : str
        Begins the text of an error.
    instead : str
        Ends it: what can be done without matplotlib.

    Returns
    -------
    type

    Raises
    ------
    RuntimeError
        If matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise RuntimeError(
            f"{where}: matplotlib must be installed, got none; pip install matplotlib{instead}"
        ) from None
    return Figure


def check_path(path: Any, where: str) -> None:
    """Raise unless a file of this name can be asked of matplotlib: before the work, not after it.

    Parameters
    ----------
    path : str or path, or None
    where : str
        Head of error texts.

    Raises
    ------
    TypeError
        If it is of another kind.
    ValueError
        If no file can have the name, or its suffix is no format that is known here.
    RuntimeError
        If matplotlib is not installed.

    Examples
    --------
    >>> check_path(3, "samples")
    Traceback (most recent call last):
    TypeError: samples: path must be a str or a path, got 3
    """
    if path is None:
        return
    name = file_name(path, where)
    figure_class(where)
    from matplotlib.backend_bases import FigureCanvasBase

    known = FigureCanvasBase.filetypes
    suffix = Path(name).suffix[1:].lower()
    if suffix and suffix not in known:
        raise ValueError(
            f"{where}: path must end in one of {', '.join(f'.{s}' for s in sorted(known))}, "
            f"got {name!r}"
        )


def save_figure(figure: Any, path: Any) -> None:
    """Write a figure to a file, which is put in place whole; the suffix decides the format."""
    file = io.BytesIO()
    figure.savefig(file, format=Path(path).suffix[1:] or "png")
    write_whole(path, [file.getvalue()], "plot")


def axes_of(ax: Any, where: str, most: int | None = None) -> list[Any]:
    """Axes that a user wants to be drawn on, as a list.

    Parameters
    ----------
    ax : matplotlib Axes, or a list or array of them
    where : str
        Head of error texts.
    most : int, optional
        How many there may be.

    Returns
    -------
    list of matplotlib Axes

    Raises
    ------
    TypeError
        If it is something else.
    """
    axes = list(np.ravel(np.asarray(ax, dtype=object)))
    if not 1 <= len(axes) <= (most or len(axes)) or any(not hasattr(a, "get_figure") for a in axes):
        some = "matplotlib Axes" if most == 1 else "matplotlib Axes or a list of them"
        raise TypeError(f"{where}: ax must be {some}, got {ax!r}")
    return axes


def grid_of_axes(
    count: int, columns: int, where: str, titled: int | None = None
) -> tuple[Any, list[Any]]:
    """A figure and its axes, row by row; ``titled`` rows have a title, by default all."""
    columns = min(columns, count)
    rows = -(-count // columns)
    size = _CELL * columns, _CELL * rows + 0.16 * (rows if titled is None else titled)
    figure: Any = figure_class(where)(figsize=size, dpi=120, layout="constrained")
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02, wspace=0.02, hspace=0.02)
    return figure, [figure.add_subplot(rows, columns, i + 1) for i in range(count)]
