"""Anti-aliased lines and text on a NumPy canvas, written as PNG: a plot without matplotlib."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fastnn._glyphs import outline

Color = tuple[int, int, int]
Points = NDArray[np.float64]


class Canvas:
    """White pixels to draw on; x to the right, y down, in pixels.

    Examples
    --------
    >>> canvas = Canvas(8, 6)
    >>> canvas.line([[1.0, 3.0], [7.0, 3.0]], (255, 0, 0), 2.0)
    >>> canvas.pixels[3, 4].tolist(), canvas.pixels[0, 0].tolist()
    ([255, 0, 0], [255, 255, 255])
    """

    def __init__(self, width: int, height: int) -> None:
        self.pixels = np.full((height, width, 3), 255, np.uint8)

    def line(self, points: Points | Sequence[Sequence[float]], color: Color, width: float) -> None:
        """A polyline with round ends and joints; points with NaN break it."""
        self._strokes([np.asarray(points, np.float64)], color, width / 2)

    def dot(self, x: float, y: float, color: Color, width: float) -> None:
        """A filled circle."""
        self.line([[x, y]], color, width)

    def text(
        self, x: float, y: float, text: str, color: Color, size: float, align: str = "left"
    ) -> float:
        """Text whose baseline is at ``y``, digits ``size`` high; returns its width."""
        lines, width = outline(text)
        unit = size / 6
        x -= {"left": 0.0, "centre": width * unit / 2, "right": width * unit}[align]
        flip = np.array([unit, -unit])
        self._strokes([line * flip + np.array([x, y]) for line in lines], color, 0.075 * size)
        return width * unit

    def png(self) -> bytes:
        """The canvas as a PNG file."""
        return png(self.pixels)

    def _strokes(self, lines: list[Points], color: Color, radius: float) -> None:
        """Blend one colour where any of the lines is; a pixel is covered by distance."""
        lines = [run for line in lines for run in _finite_runs(line)]
        if not lines:
            return
        every = np.concatenate(lines)
        reach = radius + 1
        height, width = self.pixels.shape[:2]
        left, top = (np.maximum(np.floor(every.min(axis=0) - reach), 0)).astype(int)
        right, bottom = (np.ceil(every.max(axis=0) + reach)).astype(int) + 1
        right, bottom = min(right, width), min(bottom, height)
        if right <= left or bottom <= top:
            return
        cover = np.zeros((bottom - top, right - left))
        for line in lines:
            ends = line[1:] if len(line) > 1 else line
            for a, b in zip(line[: len(ends)], ends, strict=True):
                _cover(cover, a - (left, top), b - (left, top), radius)
        part = self.pixels[top:bottom, left:right]
        mixed = part + cover[..., None] * (np.array(color) - part.astype(np.float64))
        part[:] = np.rint(mixed)


def text_width(text: str, size: float) -> float:
    """Pixels that ``Canvas.text`` will take."""
    return outline(text)[1] * size / 6


def _cover(cover: NDArray[np.float64], a: Points, b: Points, radius: float) -> None:
    """Raise ``cover`` to what the segment a-b covers of each pixel (centres at .5)."""
    reach = radius + 1
    x0, y0 = np.maximum(np.floor(np.minimum(a, b) - reach), 0).astype(int)
    x1, y1 = np.ceil(np.maximum(a, b) + reach).astype(int) + 1
    box = cover[y0:y1, x0:x1]
    if box.size == 0:
        return
    x = np.arange(x0, x0 + box.shape[1]) + 0.5 - a[0]
    y = (np.arange(y0, y0 + box.shape[0]) + 0.5 - a[1])[:, None]
    d = b - a
    length2 = float(d @ d)
    along = np.clip((x * d[0] + y * d[1]) / length2, 0, 1) if length2 > 0 else 0.0
    distance = np.hypot(x - along * d[0], y - along * d[1])
    np.maximum(box, np.clip(radius + 0.5 - distance, 0, 1), out=box)


def _finite_runs(line: Points) -> list[Points]:
    finite = np.isfinite(line).all(axis=1)
    if finite.all():
        return [line] if len(line) else []
    cuts = np.flatnonzero(np.diff(finite.astype(np.int8))) + 1
    runs = zip(np.split(line, cuts), np.split(finite, cuts), strict=True)
    return [run for run, good in runs if len(run) and good[0]]


def png(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG file of 8-bit grey (H, W) or RGB (H, W, 3) pixels.

    Source
    ------
    Portable Network Graphics (PNG) Specification, ISO/IEC 15948:2004.
    """
    height, width = pixels.shape[:2]
    rows = np.ascontiguousarray(pixels).reshape(height, -1)
    raw = np.concatenate([np.zeros((height, 1), np.uint8), rows], axis=1)  # filter 0 on each row
    head = struct.pack(">IIBBBBB", width, height, 8, 2 if pixels.ndim == 3 else 0, 0, 0, 0)
    chunks = (b"IHDR", head), (b"IDAT", zlib.compress(raw.tobytes(), 6)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
