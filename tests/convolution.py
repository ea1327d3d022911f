"""Slow, obvious convolution in float64, and PyTorch's, for the tests of its ops."""

from __future__ import annotations

import itertools

import numpy as np

from fastnn import _core
from laws import using


def convolve(
    x, w, b=None, stride=(1, 1), padding=(0, 0, 0, 0), dilation=(1, 1), groups=1, flip=False
):
    """Pixel by pixel, of x (N, C, H, W) and w (K, C / groups, KH, KW)."""
    x = np.pad(np.asarray(x, "f8"), ((0, 0), (0, 0), padding[:2], padding[2:]))
    w = np.asarray(w, "f8")[:, :, ::-1, ::-1] if flip else np.asarray(w, "f8")
    filters, depth, kh, kw = w.shape
    oh = (x.shape[2] - (kh - 1) * dilation[0] - 1) // stride[0] + 1
    ow = (x.shape[3] - (kw - 1) * dilation[1] - 1) // stride[1] + 1
    y = np.zeros((len(x), filters, oh, ow))
    for k, i, j in itertools.product(range(filters), range(oh), range(ow)):
        first = k // (filters // groups) * depth
        top, left = i * stride[0], j * stride[1]
        patch = x[
            :,
            first : first + depth,
            top : top + (kh - 1) * dilation[0] + 1 : dilation[0],
            left : left + (kw - 1) * dilation[1] + 1 : dilation[1],
        ]
        y[:, k, i, j] = (patch * w[k]).sum((1, 2, 3)) + (0 if b is None else b[k])
    return y


def last(x):
    """(N, C, H, W) as the core has it."""
    return np.ascontiguousarray(np.moveaxis(x, 1, -1))


def first(x):
    """And back."""
    return np.moveaxis(x, -1, 1)


def compare_with_torch(torch, function, op, operands, attrs, dy, act=None, tol=1e-10):
    """Values and gradients of one op, in float32 and float64, equal what PyTorch's function gives.

    ``operands`` are x, w and b, ``act`` an activation fused into the op and its PyTorch function.
    """
    for dtype, most in (("f4", 3e-5), ("f8", tol)):
        given = [a.astype(dtype) for a in operands]
        tensors = [torch.tensor(a, requires_grad=True) for a in given]
        y = function(*tensors)
        if act:
            y = act[1](y)
        y.backward(torch.tensor(dy.astype(dtype)))
        core = [last(given[0]), *given[1:]]
        numbers = {**attrs, "activation": act[0]} if act else attrs
        ours = [_core.call(op, core, numbers)[0]]
        grads = _core.vjp(op, core, numbers, [last(dy).astype(dtype)])
        ours = [first(ours[0]), first(grads[0]), *grads[1:]]
        for a, t in zip(ours, [y, *(t.grad for t in tensors)], strict=True):
            want = t.detach().numpy()
            scale = max(float(np.abs(want).max(initial=0.0)), 1e-3)
            np.testing.assert_allclose(a, want, rtol=0, atol=most * scale, err_msg=f"{op} {attrs}")


def same_on(isas, threads, run):
    """``run()`` gives the same bits on every thread count, for each instruction set."""
    for isa in isas:
        with using(isa, 1):
            alone = run()
        for count in threads:
            with using(isa, count):
                together = run()
            for a, b in zip(alone, together, strict=True):
                assert a.tobytes() == b.tobytes(), f"{isa} with {count} threads"
