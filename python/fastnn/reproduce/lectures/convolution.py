"""The lecture's convolution of a 5 x 5 image: narrow, wide, equal width; the kernel turned or not."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import ops
from fastnn.reproduce.lectures.comparison import Comparison

X = np.array(
    [
        [1.0, 1, 1, 1, 1],
        [-1, 0, -3, 0, 1],
        [2, 1, 1, -1, 0],
        [0, -1, 1, 2, 1],
        [1, 2, 1, 1, 1],
    ]
)
W = np.array([[1.0, 0, 0], [0, 0, 0], [0, 0, -1]])
PRINTED = (("0", "-2", "-1"), ("2", "2", "4"), ("-1", "0", "0"))


def convolve(flip: bool, padding: int | str = 0, stride: int = 1) -> NDArray[Any]:
    """By the library: W over X, turned by 180 degrees if ``flip``."""
    y = ops.conv2d(X[None, None], W[None, None], None, stride, padding, flip=flip)
    return np.asarray(y[0, 0])


def by_definition(padding: int, stride: int = 1) -> NDArray[Any]:
    """y_ij = sum over u, v of w_uv x_(i-u+1, j-v+1), as the lecture writes it."""
    k, x = len(W), np.pad(X, padding)
    rows = range(k - 1, len(x), stride)
    return np.array(
        [
            [sum(W[u, v] * x[i - u, j - v] for u in range(k) for v in range(k)) for j in rows]
            for i in rows
        ]
    )


def compare(table: Comparison) -> None:
    """Every number of the example, and what its kinds and conventions say."""
    table.begin("convolution")
    narrow = convolve(flip=True)
    for i, row in enumerate(PRINTED):
        for j, printed in enumerate(row):
            table.value(f"y{i + 1}{j + 1}, narrow (P = 0)", printed, narrow[i, j])
    table.law("cross-correlation is its negative here", convolve(flip=False), -narrow)
    for kind, padding in (("narrow", 0), ("equal width", 1), ("wide", 2)):
        y = convolve(flip=True, padding=padding)
        table.law(f"{kind} (P = {padding}), and the definition", y, by_definition(padding))
        table.law(f"rows of the {kind} result, (5 + 2 P - 3) / T + 1", len(y), 3 + 2 * padding)
        turned = ops.conv2d(X[None, None], W[None, None, ::-1, ::-1], padding=padding)[0, 0]
        table.law(f"{kind}: turning the kernel by hand", y, turned)
    table.law("'same' is equal width", convolve(True, "same"), convolve(True, 1))
    table.law("'full' is wide", convolve(True, "full"), convolve(True, 2))
    table.law("stride T = 2 takes every second", convolve(True, 1, 2), convolve(True, 1)[::2, ::2])
    table.law("stride T = 2, and the definition", convolve(True, 1, 2), by_definition(1, 2))
    table.slip(
        'zeros at each end of the wide one, "no zeros at both ends, P = K - 1"', "0", len(W) - 1,
        len(convolve(True, len(W) - 1)) == len(X) + len(W) - 1 and len(narrow) == len(X) - len(W) + 1,
        "the words are those of the line above; P = K - 1 zeros make 7 rows, none make 3",
    )  # fmt: skip
