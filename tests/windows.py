"""Slow windows for the tests of pooling ops; what they share."""

from __future__ import annotations

import numpy as np

# (x's shape (N, C, H, W), kernel_size, stride, padding, dilation, ceil_mode)
CASES = [
    ((2, 1, 4, 6), 2, None, 0, 1, 0),
    ((2, 3, 5, 7), 2, None, 0, 1, 0),
    ((2, 3, 5, 7), 2, None, 0, 1, 1),
    ((1, 7, 7, 7), 3, 2, 0, 1, 0),
    ((1, 8, 7, 8), 3, 2, 1, 1, 0),
    ((2, 9, 6, 5), 3, 1, 1, 1, 0),
    ((1, 16, 5, 5), (2, 3), (1, 2), (1, 0), 1, 1),
    ((1, 17, 9, 8), 3, 3, 1, (2, 1), 0),
    ((1, 33, 6, 6), (3, 2), (2, 3), 1, 1, 1),
    ((1, 2, 6, 5), 5, 1, 2, 1, 0),
    ((1, 4, 3, 9), (1, 4), (1, 5), 0, (1, 2), 0),
    ((1, 3, 1, 1), 1, 1, 0, 1, 0),
    ((2, 5, 4, 3), (4, 3), None, 0, 1, 0),
    ((0, 3, 4, 4), 2, None, 0, 1, 0),
    ((2, 0, 4, 4), 2, None, 0, 1, 0),
    ((1, 2, 2, 11), (3, 2), 2, 0, 1, 1),
]


def pair(value):
    return (value, value) if isinstance(value, int) else value


def attrs_of(case, **more):
    _, kernel_size, stride, padding, dilation, ceil_mode = case
    attrs = {"kernel_size": kernel_size, "padding": padding, "ceil_mode": ceil_mode}
    attrs = {k: pair(v) if k != "ceil_mode" else v for k, v in attrs.items()}
    if stride is not None:
        attrs["stride"] = pair(stride)
    if dilation != 1:
        attrs["dilation"] = pair(dilation)
    return attrs | more


def windows(case, axis):
    """For each output along an axis: the pixels in the image, and those in the border too."""
    shape, kernel_size, stride, padding, dilation, ceil_mode = case
    k, p, d = (pair(v)[axis] for v in (kernel_size, padding, dilation))
    s = k if stride is None else pair(stride)[axis]
    length = shape[2 + axis]
    found = []
    begin = -p
    while True:
        end = begin + (k - 1) * d
        # In ceil_mode the last window may reach over the border's end, but must begin on the image.
        if end >= length + p and not (ceil_mode and end < length + p + s - 1 and begin < length):
            return found
        taps = [begin + i * d for i in range(k)]
        found.append(([t for t in taps if 0 <= t < length], [t for t in taps if t < length + p]))
        begin += s


def pooled(x, case, value):
    """value(window (N, C, h, w), its elements with the border) for each window of x."""
    rows, columns = windows(case, 0), windows(case, 1)
    y = np.zeros((*x.shape[:2], len(rows), len(columns)))
    for i, (h, full_h) in enumerate(rows):
        for j, (w, full_w) in enumerate(columns):
            y[:, :, i, j] = value(x[:, :, h][:, :, :, w], len(full_h) * len(full_w))
    return y


def last(x):
    """(N, C, H, W) as the kernels take it."""
    return np.ascontiguousarray(np.moveaxis(x, 1, -1))


def random_cases(count, rng):
    """Random cases that PyTorch takes, without windows that are empty."""
    cases = []
    while len(cases) < count:
        shape = (
            int(rng.integers(1, 4)),
            int(rng.choice([1, 3, 7, 8, 9, 16, 17, 33])),
            int(rng.integers(1, 12)),
            int(rng.integers(1, 12)),
        )
        k, s, d = (tuple(int(v) for v in rng.integers(1, 4, 2)) for _ in range(3))
        p = tuple(int(rng.integers(0, v // 2 + 1)) for v in k)
        case = (shape, k, s, p, d, int(rng.integers(0, 2)))
        if all(shape[2 + a] + 2 * p[a] > (k[a] - 1) * d[a] for a in range(2)) and all(
            inside for a in range(2) for inside, _ in windows(case, a)
        ):
            cases.append(case)
    return cases
