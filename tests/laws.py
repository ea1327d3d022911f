"""Laws that op tests share: every instruction set, every thread count, NaN."""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np

from fastnn import _core
from oracle import check_gradient

ISAS = [name for name, supported in _core.isas() if supported]


@contextmanager
def using(isa=None, threads=None):
    """Run the block with another instruction set or thread count."""
    before = _core.isa(), _core.get_num_threads()
    if isa:
        _core.set_isa(isa)
    if threads:
        _core.set_num_threads(threads)
    try:
        yield
    finally:
        _core.set_isa(before[0])
        _core.set_num_threads(before[1])


def cast(inputs, dtype):
    """Real inputs as ``dtype``, the others as they are."""
    return [np.asarray(x, dtype if np.asarray(x).dtype.kind == "f" else None) for x in inputs]


def check_values(op, inputs, attrs, *expected, rtol=2e-6, atol=1e-6):
    """float32 and float64 outputs on every instruction set equal the float64 oracle.

    ``rtol`` and ``atol`` are float32's; float64 gets 1e-12 in both (lists of up to 1e5 terms).
    """
    for isa in ISAS:
        with using(isa):
            assert _core.op_isa(op) == isa
            for dtype, r, a in (("f4", rtol, atol), ("f8", 1e-12, 1e-12)):
                outputs = _core.call(op, cast(inputs, dtype), attrs)
                assert len(outputs) == len(expected)
                for y, want in zip(outputs, expected, strict=True):
                    assert y.shape == np.shape(want)
                    np.testing.assert_allclose(y, want, rtol=r, atol=a, err_msg=f"{isa} {dtype}")


def check_op(op, inputs, attrs, *expected, gradient=True, skip=(), rtol=2e-6, atol=1e-6):
    """`check_values`, and the gradient against finite differences on every instruction set."""
    check_values(op, inputs, attrs, *expected, rtol=rtol, atol=atol)
    for isa in ISAS if gradient else ():
        with using(isa):
            check_gradient(op, cast(inputs, "f8"), attrs, skip=skip)


def run(op, inputs, attrs, seed=0, training=False):
    """Outputs and, where the op has a gradient, gradients for random output gradients."""
    inputs = [np.asarray(x) for x in inputs]
    outputs = _core.call(op, inputs, attrs, training=training)
    if not _core.has_gradient(op):
        return list(outputs)
    rng = np.random.default_rng(seed)
    dys = [
        np.asarray(rng.standard_normal(y.shape), y.dtype) if y.dtype.kind == "f" else None
        for y in outputs
    ]
    grads = _core.vjp(op, inputs, attrs, dys, training=training)
    return list(outputs) + [g for g in grads if g is not None]


def check_same_bits(op, inputs, attrs, training=False, threads=(2, 3, 8)):
    """Outputs and gradients hold the same bits for any number of threads."""
    with using(threads=1):
        alone = run(op, inputs, attrs, training=training)
    for count in threads:
        with using(threads=count):
            together = run(op, inputs, attrs, training=training)
        for a, b in zip(alone, together, strict=True):
            assert a.tobytes() == b.tobytes(), f"{op} with {count} threads"
