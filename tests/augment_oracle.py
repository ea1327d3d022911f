"""Changes of images in slow float64 NumPy: what `fastnn.data.augment` should give."""

from __future__ import annotations

import math

import numpy as np

from fastnn import _core
from fastnn.data.augmented import AUGMENT_STREAM


class Chance:
    """The numbers of one change (the i-th in the list) for one sample in one epoch."""

    def __init__(self, seed, i, epoch, number):
        self.key = seed, AUGMENT_STREAM + 1 + i, (epoch << 40) + number
        self.uniform = _core.random_uniform(*self.key, 16)
        self.normal = _core.random_normal(*self.key, 16)

    def within(self, i, most):
        return (2 * self.uniform[i] - 1) * most

    def words(self, count):
        """32-bit words of the pixels: groups of 32 blocks, the first words of all blocks first."""
        groups = -(-count // 128)
        blocks = philox(*self.key, 64 + np.arange(32 * groups, dtype=np.uint64))
        return blocks.reshape(groups, 32, 4).transpose(0, 2, 1).reshape(-1)


def philox(seed, stream, step, blocks):
    """Philox4x32-10, as in Salmon et al. (2011): four words for each block."""
    low = np.uint64(0xFFFFFFFF)
    c = [blocks, np.full_like(blocks, stream), np.full_like(blocks, step & 0xFFFFFFFF)]
    c.append(np.full_like(blocks, step >> 32))
    k = [seed & 0xFFFFFFFF, seed >> 32]
    for _ in range(10):
        p, q = np.uint64(0xD2511F53) * c[0], np.uint64(0xCD9E8D57) * c[2]
        c = [
            (q >> np.uint64(32)) ^ c[1] ^ np.uint64(k[0]),
            q & low,
            (p >> np.uint64(32)) ^ c[3] ^ np.uint64(k[1]),
            p & low,
        ]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return np.stack(c, axis=1)


def value_at(plane, y, x, fill):
    """A pixel that may lie outside."""
    h, w = plane.shape
    if fill == "edge":
        return plane[min(max(y, 0), h - 1), min(max(x, 0), w - 1)]
    return plane[y, x] if 0 <= y < h and 0 <= x < w else fill


def sampled(image, place, fill):
    """The image with the value of ``place(y, x)`` in each pixel, bilinearly."""
    out = np.empty_like(image)
    _, h, w = image.shape
    for y in range(h):
        for x in range(w):
            sy, sx = place(y, x)
            iy, ix = math.floor(sy), math.floor(sx)
            fy, fx = sy - iy, sx - ix
            for plane, to in zip(image, out, strict=True):
                v = [[value_at(plane, iy + i, ix + j, fill) for j in (0, 1)] for i in (0, 1)]
                top = (1 - fx) * v[0][0] + fx * v[0][1]
                bottom = (1 - fx) * v[1][0] + fx * v[1][1]
                to[y, x] = (1 - fy) * top + fy * bottom
    return out


def affine_matrix(change, chance):
    """(A, t) of x' = t + A x, x to the right and y down, angles against the clock."""
    shifts = change.shift if isinstance(change.shift, tuple) else (change.shift, change.shift)
    ty, tx = chance.within(2, shifts[0]), chance.within(3, shifts[1])
    angle = chance.within(4, math.radians(change.rotate))
    low, high = (
        change.scale if isinstance(change.scale, tuple) else (1 - change.scale, 1 + change.scale)
    )
    zoom = low + chance.uniform[5] * (high - low)
    squeeze = 1 + chance.within(6, change.squeeze)
    lean = math.tan(chance.within(7, math.radians(change.shear)))
    rotation = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    shear = np.array([[1, lean], [0, 1]])
    return rotation @ shear @ np.diag([zoom * squeeze, zoom / squeeze]), np.array([tx, ty])


def affine_place(change, chance, h, w):
    """Where the pixels of the new image lie in the old one."""
    a, t = affine_matrix(change, chance)
    inverse, center = np.linalg.inv(a), np.array([(w - 1) / 2, (h - 1) / 2])

    def place(y, x):
        sx, sy = center + inverse @ (np.array([x, y]) - center - t)
        return sy, sx

    return place


def elastic_place(change, chance, h, w):
    """The same, of displacements."""
    words = chance.words(2 * h * w)[: 2 * h * w].astype(np.uint32).view(np.int32)
    field = words.astype(np.float64).reshape(2, h, w) / 2.0**31
    cut = int(3 * change.sigma)
    taps = np.exp(-0.5 * (np.arange(-cut, cut + 1) / change.sigma) ** 2)
    taps /= taps.sum()
    smooth = np.zeros_like(field)
    for axis, (plane, to) in enumerate(zip(field, smooth, strict=True)):
        del axis
        rows = np.stack([np.convolve(r, taps)[cut : cut + w] for r in plane])
        to[:] = np.stack([np.convolve(c, taps)[cut : cut + h] for c in rows.T], axis=1)
    return lambda y, x: (y + change.alpha * smooth[0, y, x], x + change.alpha * smooth[1, y, x])


def normals(chance, count):
    """Box-Muller on 24 bits of each word."""
    words = chance.words(count).reshape(-1, 2, 64) >> np.uint64(8)
    u, t = (words[:, 0] + 0.5) / 2.0**24, words[:, 1] / 2.0**24
    radius = np.sqrt(-2 * np.log(u))
    pairs = [radius * np.cos(2 * np.pi * t), radius * np.sin(2 * np.pi * t)]
    return np.concatenate(pairs, axis=1).reshape(-1)[:count]


def changed(image, changes, seed, epoch, number):
    """One image after all changes; every warp samples anew."""
    image = np.array(image, np.float64)
    for i, change in enumerate(changes):
        chance = Chance(seed, i, epoch, number)
        if chance.uniform[0] < change.p:
            image = _KINDS[type(change).__name__](image, change, chance)
    return image


def _pair(size):
    return size if isinstance(size, tuple) else (size, size)


def _crop(image, change, chance):
    c, h, w = image.shape
    height, width = (h, w) if change.size is None else _pair(change.size)
    p = change.padding
    top = int(chance.uniform[2] * (h + 2 * p - height + 1)) - p
    left = int(chance.uniform[3] * (w + 2 * p - width + 1)) - p
    rows, columns = range(top, top + height), range(left, left + width)
    values = [value_at(plane, y, x, change.fill) for plane in image for y in rows for x in columns]
    return np.array(values).reshape(c, height, width)


def _center(image, change, chance):
    height, width = _pair(change.size)
    top, left = (image.shape[1] - height) // 2, (image.shape[2] - width) // 2
    return image[:, top : top + height, left : left + width]


def _cutout(image, change, chance):
    h, w = image.shape[1:]
    height, width = _pair(change.size)
    top = int(chance.uniform[2] * h) - height // 2
    left = int(chance.uniform[3] * w) - width // 2
    image[:, max(top, 0) : max(top + height, 0), max(left, 0) : max(left + width, 0)] = change.fill
    return image


def _color(image, change, chance):
    factor = 1 + chance.within(3, change.contrast)
    mean = image.mean()
    return mean + factor * (image - mean) + chance.within(2, change.brightness)


def _pca(image, change, chance):
    axes = np.array(change.step(image.shape)[1]).reshape(3, 3)
    return image + (axes @ chance.normal[2:5])[:, None, None]


_KINDS = {
    "Affine": lambda x, c, r: sampled(x, affine_place(c, r, *x.shape[1:]), c.fill),
    "Elastic": lambda x, c, r: sampled(x, elastic_place(c, r, *x.shape[1:]), c.fill),
    "Crop": _crop,
    "CenterCrop": _center,
    "Flip": lambda x, c, r: x[:, :, ::-1] if c.axis == "horizontal" else x[:, ::-1],
    "Cutout": _cutout,
    "Color": _color,
    "PCAColor": _pca,
    "Noise": lambda x, c, r: x + c.std * normals(r, x.size).reshape(x.shape),
}
