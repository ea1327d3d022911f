"""matplotlib, where it is installed: figures that leave its global state alone."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fastnn.atomic import file_name, write_whole
from fastnn.plot.panels import INK

# Inches: an image and what is around it, a line of text above, the heading of all and its letters.
_CELL, _GAP, _LINE, _HEADING, _LETTER = 1.1, 0.04, 0.13, 0.25, 0.075
# Points of that text and the least; how many letters of the first fit above an image, and of the last.
_SIZE, _LEAST, _ROOM = 7.0, 5.0, 18
_MOST = int(_ROOM * _SIZE / _LEAST)


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


def image_grid(
    count: int, columns: int, where: str, lines: Sequence[int] = (1,), heading: str = ""
) -> tuple[Any, list[Any]]:
    """A figure and axes for images, row by row.

    All places are known, so that no layout engine looks for them: 2000 images are drawn in 18 s,
    which took two minutes.

    Parameters
    ----------
    count, columns : int, >= 1
    where : str
        Head of error texts.
    lines : sequence of int
        Of text above the images of each row; over again where there are more rows.
    heading : str
        Above all of them.

    Returns
    -------
    figure : matplotlib Figure
    axes : list of matplotlib Axes
    """
    columns = min(columns, count)
    rows = -(-count // columns)
    texts = [_LINE * lines[row % len(lines)] for row in range(rows)]
    width = max(_CELL * columns, _LETTER * len(heading))
    left = width / 2 - _CELL * columns / 2
    height = _CELL * rows + sum(texts) + (_HEADING if heading else 0)
    figure: Any = figure_class(where)(figsize=(width, height), dpi=120)
    if heading:
        figure.suptitle(heading, fontsize=9, color=INK, y=1 - _GAP / height, parse_math=False)
    axes: list[Any] = []
    bottom = _CELL * rows + sum(texts)
    for text in texts:
        bottom -= _CELL + text
        for column in range(min(columns, count - len(axes))):
            place = left + column * _CELL + _GAP, bottom + _GAP, _CELL - 2 * _GAP, _CELL - 2 * _GAP
            size = width, height, width, height
            axes.append(figure.add_axes([a / b for a, b in zip(place, size, strict=True)]))
    return figure, axes


def count_epochs(axis: Any) -> None:
    """Whole numbers below an axis, one alone where there is but one epoch."""
    from matplotlib.ticker import MaxNLocator

    axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def set_title(axis: Any, text: str, color: str = INK) -> None:
    """What stands above an image, in smaller letters, or cut, where it is wider than that."""
    lines = [
        line if len(line) <= _MOST else f"{line[: _MOST - 1]}\u2026" for line in text.split("\n")
    ]
    longest = max(map(len, lines))
    size = min(_SIZE, max(_LEAST, _SIZE * _ROOM / max(longest, 1)))
    axis.set_title("\n".join(lines), fontsize=size, color=color, pad=2, parse_math=False)
