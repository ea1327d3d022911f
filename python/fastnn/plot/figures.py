"""matplotlib, where it is installed: figures that leave its global state alone."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from fastnn.atomic import write_whole


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


def save_figure(figure: Any, path: Any) -> None:
    """Write a figure to a file, which is put in place whole; the suffix decides the format."""
    file = io.BytesIO()
    figure.savefig(file, format=Path(path).suffix[1:] or "png")
    write_whole(path, [file.getvalue()], "plot")
