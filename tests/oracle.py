"""Slow, obvious float64 references and the finite-difference gradient every op test uses."""

from __future__ import annotations

import numpy as np


def numeric_gradient(f, x, eps=1e-6):
    """Central differences of the scalar function ``f`` at the float64 array ``x`` (changed in place)."""
    grad = np.zeros_like(x)
    flat, out = x.reshape(-1), grad.reshape(-1)
    for i in range(flat.size):
        keep = flat[i]
        flat[i] = keep + eps
        up = f()
        flat[i] = keep - eps
        down = f()
        flat[i] = keep
        out[i] = (up - down) / (2 * eps)
    return grad


def check_gradient(op, inputs, attrs=None, *, training=False, rtol=1e-6, atol=1e-7, skip=()):
    """The op's float64 backward equals finite differences for every real input (but those in ``skip``).

    Also checks that ``accumulate`` adds to what is there, bit for bit the same sum.
    """
    from fastnn import _core

    attrs = attrs or {}
    inputs = [np.array(x, dtype="f8") if np.asarray(x).dtype.kind == "f" else x for x in inputs]
    outputs = _core.call(op, inputs, attrs, training=training)
    rng = np.random.default_rng(0)
    dys = [rng.standard_normal(y.shape) if y.dtype.kind == "f" else None for y in outputs]

    def cost():
        ys = _core.call(op, inputs, attrs, training=training)
        return sum(float((dy * y).sum()) for dy, y in zip(dys, ys, strict=True) if dy is not None)

    grads = _core.vjp(op, inputs, attrs, dys, training=training)
    start = [None if g is None else rng.standard_normal(g.shape) for g in grads]
    more = _core.vjp(op, inputs, attrs, dys, start=start, training=training)
    for i, x in enumerate(inputs):
        if grads[i] is None or i in skip:
            continue
        np.testing.assert_allclose(grads[i], numeric_gradient(cost, x), rtol=rtol, atol=atol)
        np.testing.assert_allclose(more[i], start[i] + grads[i], rtol=1e-12, atol=1e-14)


def philox(seed, stream, step, block):
    """Philox4x32-10, word by word in Python integers."""
    c = [block, stream, step & 0xFFFFFFFF, step >> 32]
    k = [seed & 0xFFFFFFFF, seed >> 32]
    for _ in range(10):
        p, q = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [q >> 32 ^ c[1] ^ k[0], q & 0xFFFFFFFF, p >> 32 ^ c[3] ^ k[1], p & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c
