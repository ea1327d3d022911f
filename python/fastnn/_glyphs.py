"""A small stroke font: each glyph is a few pen strokes on a grid, so text can have any size.

Points are pairs of digits, x then y: baseline at y = 2, small letters reach 6, capitals and digits
8, descenders 0. A stroke is straight; with ``~`` in front its corners are rounded, with ``o`` it
is the oval inside a box given by two corners.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

_STROKES = {
    "0": "o0248",
    "1": "062822",
    "2": "~0608484502 0242",
    "3": "~0708484515 ~1545420203",
    "4": "3238380444",
    "5": "480805 ~0515464202",
    "6": "~380804 o0246",
    "7": "084812",
    "8": "o0548 o0245",
    "9": "o0448 ~464212",
    ".": "2222",
    ",": "222211",
    ":": "1313 1717",
    "-": "0535",
    "+": "0545 2723",
    "=": "0444 0646",
    "_": "0141",
    "/": "0248",
    "(": "~29070321",
    ")": "~09272301",
    "%": "0248 o0618 o3244",
    "a": "o0246 4642",
    "b": "0802 o0246",
    "c": "~464606024243",
    "d": "4842 o0246",
    "e": "0444 ~4446060242",
    "f": "~38181612 1612 0636",
    "g": "o0246 4642 ~424000",
    "h": "0802 ~04064644 4442",
    "i": "0602 0808",
    "j": "1611 ~111000 1818",
    "k": "0802 360432",
    "l": "0802",
    "m": "0602 ~04063634 3432 ~34366664 6462",
    "n": "0602 ~04064644 4442",
    "o": "o0246",
    "p": "0600 o0246",
    "q": "4640 o0246",
    "r": "0602 ~040636",
    "s": "~464606045442424202",
    "t": "1813 ~131232 0636",
    "u": "0604 ~04024244 4642",
    "v": "062246",
    "w": "0612365266",
    "x": "0642 0246",
    "y": "0622 4610",
    "z": "06460242",
}
_UNKNOWN = "0242480802"
_NARROW = 0.88  # width of the grid's unit over its height
_SPACE = 2.6
_GAP = 1.6  # between glyphs


def outline(text: str) -> tuple[list[NDArray[np.float64]], float]:
    """Polylines (n, 2) of a text that begins at (0, 0), y up from the baseline, and its width.

    The unit is a sixth of the height of a digit.

    Examples
    --------
    >>> lines, width = outline("1.5")
    >>> len(lines), round(width, 1)
    (4, 8.5)
    """
    lines: list[NDArray[np.float64]] = []
    x = 0.0
    for letter in text.lower():
        if letter == " ":
            x += _SPACE
            continue
        strokes = _glyph(letter)
        low = min(float(s[:, 0].min()) for s in strokes)
        high = max(float(s[:, 0].max()) for s in strokes)
        lines += [s + np.array([x - low, -2.0]) for s in strokes]
        x += high - low + _GAP
    return lines, max(x - _GAP, 0.0)


@cache
def _glyph(letter: str) -> tuple[NDArray[np.float64], ...]:
    return tuple(_stroke(code) for code in _STROKES.get(letter, _UNKNOWN).split())


def _stroke(code: str) -> NDArray[np.float64]:
    kind = code[0] if code[0] in "~o" else ""
    points = np.array([float(d) for d in code[len(kind) :]]).reshape(-1, 2) * (_NARROW, 1)
    if kind == "o":
        angle = np.linspace(0, 2 * np.pi, 25)
        centre, radius = points.mean(axis=0), (points[1] - points[0]) / 2
        # a superellipse of power 2.5: rounder than a box, squarer than an ellipse
        round_ = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        oval: NDArray[np.float64] = centre + radius * np.sign(round_) * np.abs(round_) ** 0.8
        return oval
    for _ in range(3 if kind else 0):  # Chaikin: each corner is cut at a quarter, ends stay
        cut = np.stack(
            [0.75 * points[:-1] + 0.25 * points[1:], 0.25 * points[:-1] + 0.75 * points[1:]]
        )
        points = np.concatenate([points[:1], cut.transpose(1, 0, 2).reshape(-1, 2), points[-1:]])
    return points
