"""Learning curves, by matplotlib where it is installed and by a small rasteriser elsewhere."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.atomic import write_whole

_TRAIN = "#1f6fb4"
_VALIDATION = "#e07b28"
_INK = "#333333"
_GRID = "#e4e4e4"
_NOT_CURVES = ("lr", "seconds", "epoch")
_LOG_RATIO = 100.0  # a loss that falls by more is drawn on a logarithmic axis


@dataclass(frozen=True)
class Panel:
    """One quantity: its values by epoch in training and, perhaps, in validation."""

    name: str
    train: NDArray[np.float64]
    validation: NDArray[np.float64]

    @property
    def values(self) -> NDArray[np.float64]:
        """Every finite value."""
        both: NDArray[np.float64] = np.concatenate([self.train, self.validation])
        return both[np.isfinite(both)]

    @property
    def is_log(self) -> bool:
        """Whether the values ask for a logarithmic axis."""
        values = self.values
        return values.size > 0 and values.min() > 0 and values.max() / values.min() > _LOG_RATIO

    def best(self) -> tuple[int, float] | None:
        """Epoch (from 1) and value of the best validation."""
        if not np.isfinite(self.validation).any():
            return None
        words = ("loss", "error", "mse", "mae", "entropy")
        values = np.where(np.isfinite(self.validation), self.validation, np.nan)
        find = np.nanargmin if any(word in self.name for word in words) else np.nanargmax
        epoch = int(find(values))
        return epoch + 1, float(values[epoch])

    def legend(self) -> list[tuple[str, str]]:
        """Colour and text of each curve."""
        lines = [(_TRAIN, "training")] if len(self.train) else []
        best = self.best()
        if best is not None:
            lines.append((_VALIDATION, f"validation, best {best[1]:.4g} at epoch {best[0]}"))
        return lines


def learning_curves(
    history: Mapping[str, Sequence[float]], path: Any = None, ax: Any = None
) -> Any:
    """Loss and metrics by epoch, training and validation, as a matplotlib figure.

    The global state of matplotlib (pyplot, backend) is not touched.

    Parameters
    ----------
    history : mapping of str to list of float
        What ``Trainer.fit`` returns. ``val_x`` is drawn with ``x``; "lr" and "seconds" are not
        drawn. NaN leaves a gap.
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
        If the history holds no curve.
    RuntimeError
        If matplotlib is not installed; ``save_learning_curves`` writes a PNG without it.
    """
    panels = panels_of(history, "learning_curves")
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise RuntimeError(
            "learning_curves: matplotlib must be installed, got none; pip install matplotlib, or "
            "call save_learning_curves for a PNG without it"
        ) from None
    if ax is None:
        rows, columns = _grid(len(panels))
        size = 5.2 * columns, 3.6 * rows
        figure: Any = Figure(figsize=size, dpi=120, layout="constrained")
        figure.get_layout_engine().set(w_pad=0.12, h_pad=0.12)
        axes = [figure.add_subplot(rows, columns, i + 1) for i in range(len(panels))]
    else:
        axes = list(np.ravel(ax))
        figure = axes[0].get_figure()
    for panel, axis in zip(panels, axes, strict=False):
        _draw_panel(panel, axis)
    if path is not None:
        file = io.BytesIO()
        figure.savefig(file, format=Path(path).suffix[1:] or "png")
        write_whole(path, [file.getvalue()], "plot")
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
        If the history holds no curve, or the suffix is not ``.png`` and matplotlib is missing.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> history = {"loss": [0.9, 0.5, 0.4], "val_loss": [1.0, 0.7, 0.6]}
    >>> save_learning_curves(history, Path(folder, "curves.png")).name
    'curves.png'
    """
    file = Path(path)
    panels = panels_of(history, "save_learning_curves")
    try:
        import matplotlib.figure as _  # noqa: F401
    except ImportError:
        if file.suffix.lower() != ".png":
            raise ValueError(
                "save_learning_curves: path must end in .png because matplotlib is not installed, "
                f"got {str(file)!r}"
            ) from None
        write_whole(file, [raster(panels)], "plot")
    else:
        learning_curves(history, file)
    return file


def panels_of(history: Mapping[str, Sequence[float]], where: str) -> list[Panel]:
    """The quantities of a history, the loss first."""
    names = dict.fromkeys(
        key.removeprefix("val_")
        for key in history
        if key not in _NOT_CURVES and len(history[key]) > 0
    )
    if not names:
        raise ValueError(
            f"{where}: history must hold at least 1 epoch of a loss or metric, got "
            f"{sorted(history)}; call fit first"
        )
    order = sorted(names, key=lambda name: name != "loss")
    return [
        Panel(
            name,
            np.asarray(history.get(name, ()), np.float64),
            np.asarray(history.get(f"val_{name}", ()), np.float64),
        )
        for name in order
    ]


def _draw_panel(panel: Panel, axis: Any) -> None:
    from matplotlib.ticker import MaxNLocator

    marker = "o" if max(len(panel.train), len(panel.validation)) == 1 else None
    curves = (panel.train, panel.validation)
    for values, (color, label) in zip([c for c in curves if len(c)], panel.legend(), strict=False):
        epochs = np.arange(1, len(values) + 1)
        axis.plot(epochs, values, color=color, label=label, linewidth=1.6, marker=marker)
    best = panel.best()
    if best is not None:
        axis.plot(*best, "o", color=_VALIDATION, markersize=5)
    if panel.is_log:
        axis.set_yscale("log")
    axis.margins(x=0.02)
    axis.set_title(panel.name, loc="left", color=_INK, pad=6 if len(panel.name) <= 12 else 24)
    axis.set_xlabel("epoch", color=_INK)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.grid(True, color=_GRID, linewidth=0.8)
    axis.set_axisbelow(True)
    axis.tick_params(colors=_INK)
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


_PANEL = 660, 440  # pixels
_MARGIN = 84, 62, 28, 64  # left, top, right, bottom
_SIZE = 13.0  # height of a digit
_MOST_POINTS = 1000  # of a curve


def raster(panels: list[Panel]) -> bytes:
    """The panels as a PNG file, drawn without matplotlib."""
    from fastnn._raster import Canvas

    rows, columns = _grid(len(panels))
    width, height = _PANEL
    canvas = Canvas(width * columns, height * rows)
    for i, panel in enumerate(panels):
        _raster_panel(panel, canvas, i % columns * width, i // columns * height)
    return canvas.png()


def _raster_panel(panel: Panel, canvas: Any, x: int, y: int) -> None:
    from fastnn._raster import text_width

    left, top, right, bottom = _MARGIN
    x0, x1, y0, y1 = x + left, x + _PANEL[0] - right, y + _PANEL[1] - bottom, y + top
    ink, grid = _rgb(_INK), _rgb(_GRID)
    epochs = max(len(panel.train), len(panel.validation))
    first, last = (1.0, float(epochs)) if epochs > 1 else (0.5, 1.5)
    low, high = _range(panel)

    def across(epoch: Any) -> Any:
        return x0 + 10 + (np.asarray(epoch, np.float64) - first) / (last - first) * (x1 - x0 - 20)

    def up(value: Any) -> Any:
        with np.errstate(divide="ignore", invalid="ignore"):
            v = np.log10(value) if panel.is_log else np.asarray(value, np.float64)
        return y0 + (v - low) / (high - low) * (y1 - y0)

    for value, label in _log_ticks(low, high) if panel.is_log else _ticks(low, high, 8):
        canvas.line([[x0, up(value)], [x1, up(value)]], grid, 1.0)
        canvas.text(x0 - 10, float(up(value)) + _SIZE / 2, label, ink, _SIZE, "right")
    for value, label in _ticks(first, last, 8, whole=True):
        canvas.line([[across(value), y0], [across(value), y1]], grid, 1.0)
        canvas.text(float(across(value)), y0 + 24, label, ink, _SIZE, "centre")
    canvas.line([[x0, y1], [x0, y0], [x1, y0]], ink, 1.2)
    canvas.text((x0 + x1) / 2, y0 + 50, "epoch", ink, _SIZE, "centre")
    for values, color in ((panel.train, _TRAIN), (panel.validation, _VALIDATION)):
        points = np.stack([across(np.arange(1, len(values) + 1)), up(values)], axis=1)
        if len(points) > _MOST_POINTS:  # more would fall on the same pixels
            points = points[np.linspace(0, len(points) - 1, _MOST_POINTS).astype(int)]
        canvas.line(points, _rgb(color), 2.4)
        if epochs == 1 and len(values):
            canvas.dot(*points[0], _rgb(color), 8.0)
    best = panel.best()
    if best is not None:
        canvas.dot(float(across(best[0])), float(up(best[1])), _rgb(_VALIDATION), 8.0)
    edge = float(x1)
    for color, label in reversed(panel.legend()):
        edge -= canvas.text(edge, y1 - 20, label, ink, _SIZE - 2, "right") + 8
        canvas.line([[edge - 26, y1 - 25], [edge, y1 - 25]], _rgb(color), 2.4)
        edge -= 26 + 18
    room = edge - x0
    above = 0 if text_width(panel.name, _SIZE + 3) <= room else 24
    canvas.text(x0, y1 - 20 - above, panel.name, ink, _SIZE + 3)


def _grid(n: int) -> tuple[int, int]:
    """Rows and columns for n panels: three abreast at most, four as 2 x 2."""
    columns = 2 if n == 4 else min(n, 3)
    return -(-n // columns), columns


def _range(panel: Panel) -> tuple[float, float]:
    """Lowest and highest value shown, with a margin; logarithms where the axis is logarithmic."""
    values = panel.values
    if values.size == 0:
        return 0.0, 1.0
    if panel.is_log:
        values = np.log10(values)
    low, high = float(values.min()), float(values.max())
    margin = 0.05 * (high - low) or max(abs(high) * 0.05, 1e-6)
    return low - margin, high + margin


def _ticks(low: float, high: float, most: int, whole: bool = False) -> list[tuple[float, str]]:
    """Round values between low and high, at most ``most``, and their texts.

    Examples
    --------
    >>> _ticks(0.13, 0.98, 6)
    [(0.2, '0.2'), (0.4, '0.4'), (0.6, '0.6'), (0.8, '0.8')]
    """
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    for step in (power, 2 * power, 5 * power, 10 * power):
        if (high - low) / step <= most + 1e-9 and (not whole or step >= 1):
            break
    step = max(step, 1.0) if whole else step
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    numbers = range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
    wide = max(abs(low), abs(high)) >= 1e6 or digits > 5
    return [
        (round(i * step, digits + 1), f"{i * step:.{4}g}" if wide else f"{i * step:.{digits}f}")
        for i in numbers
    ]


def _log_ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Powers of ten between 10**low and 10**high, at most about six."""
    exponents = range(math.ceil(low), math.floor(high) + 1)
    every = max(1, -(-len(exponents) // 6))
    return [(10.0**e, f"{10.0**e:g}") for e in exponents if e % every == 0]


def _rgb(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)
