"""Learning curves without matplotlib: panels drawn by fastnn's own canvas."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastnn.plot.panels import GRID, INK, TRAIN, VALIDATION, Panel, grid_of

_PANEL = 660, 440  # pixels
_MARGIN = 84, 62, 28, 64  # left, top, right, bottom
_SIZE = 13.0  # height of a digit
_MOST_POINTS = 1000  # of a curve


def raster(panels: list[Panel]) -> bytes:
    """The panels as a PNG file, drawn without matplotlib."""
    from fastnn._raster import Canvas

    rows, columns = grid_of(len(panels))
    width, height = _PANEL
    canvas = Canvas(width * columns, height * rows)
    for i, panel in enumerate(panels):
        _raster_panel(panel, canvas, i % columns * width, i // columns * height)
    return canvas.png()


def _raster_panel(panel: Panel, canvas: Any, x: int, y: int) -> None:
    from fastnn._raster import text_width

    left, top, right, bottom = _MARGIN
    x0, x1, y0, y1 = x + left, x + _PANEL[0] - right, y + _PANEL[1] - bottom, y + top
    ink, grid = _rgb(INK), _rgb(GRID)
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
    for values, color in ((panel.train, TRAIN), (panel.validation, VALIDATION)):
        points = np.stack([across(np.arange(1, len(values) + 1)), up(values)], axis=1)
        if len(points) > _MOST_POINTS:  # more would fall on the same pixels
            points = points[np.linspace(0, len(points) - 1, _MOST_POINTS).astype(int)]
        canvas.line(points, _rgb(color), 2.4)
        if epochs == 1 and len(values):
            canvas.dot(*points[0], _rgb(color), 8.0)
    best = panel.best()
    if best is not None:
        canvas.dot(float(across(best[0])), float(up(best[1])), _rgb(VALIDATION), 8.0)
    edge = float(x1)
    for color, label in reversed(panel.legend()):
        edge -= canvas.text(edge, y1 - 20, label, ink, _SIZE - 2, "right") + 8
        canvas.line([[edge - 26, y1 - 25], [edge, y1 - 25]], _rgb(color), 2.4)
        edge -= 26 + 18
    room = edge - x0
    above = 0 if text_width(panel.name, _SIZE + 3) <= room else 24
    canvas.text(x0, y1 - 20 - above, panel.name, ink, _SIZE + 3)


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
