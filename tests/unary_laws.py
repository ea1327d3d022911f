"""Laws of elementwise ops: values and slopes over all of float32, on every instruction set."""

from __future__ import annotations

import numpy as np
import pytest

from fastnn import _core
from laws import ISAS, check_same_bits, using
from oracle import check_gradient

SIZES = (0, 1, 7, 8, 9, 15, 16, 17, 31, 33)


def floats(step=100_003):
    """Float32 numbers of every size and sign, subnormals too: every ``step``-th bit pattern."""
    patterns = np.arange(0, 2**32, step, dtype=np.uint64).astype(np.uint32).view(np.float32)
    usual = np.random.default_rng(0).standard_normal(20_000).astype(np.float32) * 4
    info = np.finfo(np.float32)
    special = [0, info.smallest_subnormal, info.tiny, 1, 3, 88.8, 104, 120, info.max, np.inf]
    special = np.array(special, np.float32)
    return np.concatenate([patterns[np.isfinite(patterns)], usual, special, -special])


def close(y, exact, ulp, atol, what):
    """|y - exact| <= ``ulp`` units in the last place of the exact value, plus ``atol``."""
    with np.errstate(all="ignore"):
        rounded = exact.astype(np.float32)
        unit = np.spacing(np.abs(np.where(np.isfinite(rounded), rounded, 0)))
        wrong = ~(np.abs(y.astype(np.float64) - exact) <= ulp * unit.astype(np.float64) + atol)
    wrong &= ~((y == rounded) | (np.isnan(y) & np.isnan(exact)))
    first = f"first {y[wrong][:3]} not {exact[wrong][:3]}"
    assert not wrong.any(), f"{what}: {wrong.sum()} wrong, {first}"


def check_range(op, value, slope, attrs=None, ulp=4, atol=0.0, slope_ulp=8, slope_atol=2e-7):
    """float32 values and slopes equal the float64 oracles ``value(x)`` and ``slope(x)``."""
    attrs, x = attrs or {}, floats()
    with np.errstate(all="ignore"):
        exact, exact_slope = value(x.astype(np.float64)), slope(x.astype(np.float64))
    for isa in ISAS:
        with using(isa):
            assert _core.op_isa(op) == isa
            (y,) = _core.call(op, [x], attrs)
            close(y, exact, ulp, np.broadcast_to(atol, x.shape), f"{op} {isa}")
            (dx,) = _core.vjp(op, [x], attrs, [np.ones_like(x)])
            close(dx, exact_slope, slope_ulp, slope_atol, f"{op} slope {isa}")
            for dtype in (np.float32, np.float64):
                (y,) = _core.call(op, [np.array([np.nan], dtype)], attrs)
                assert np.isnan(y).all()


def check_unary(op, value, points, attrs=None, torch_function=None):
    """float64 values, finite differences at ``points`` (off the kinks), sizes, threads."""
    attrs = attrs or {}
    points = np.asarray(points, np.float64)
    for isa in ISAS:
        with using(isa):
            np.testing.assert_allclose(
                _core.call(op, [points], attrs)[0], value(points), rtol=1e-12, atol=1e-14
            )
            check_gradient(op, [points.copy()], attrs)
            check_sizes(op, points, attrs)
    check_same_bits(op, [np.resize(points, 100_001).astype("f4")], attrs)
    if torch_function:
        check_torch(op, attrs, torch_function, points)


def check_sizes(op, points, attrs):
    """Every length gives what the long array gives: vector body and scalar tail agree."""
    for dtype in (np.float32, np.float64):
        x = np.resize(points, 64).astype(dtype)
        (whole,) = _core.call(op, [x], attrs)
        (slopes,) = _core.vjp(op, [x], attrs, [np.ones_like(x)])
        for n in SIZES:
            (y,) = _core.call(op, [x[:n]], attrs)
            np.testing.assert_array_equal(y, whole[:n])
            (dx,) = _core.vjp(op, [x[:n]], attrs, [np.ones_like(x[:n])])
            np.testing.assert_array_equal(dx, slopes[:n])


def check_torch(op, attrs, function, points):
    """Values and slopes at the points, at 0 and at +-1000 are torch's in float64."""
    try:
        import torch
    except ImportError:
        return
    x = np.concatenate([points, [0.0, 1000.0, -1000.0] if points.min() < 0 else []])
    t = torch.tensor(x, requires_grad=True)
    y = function(torch, t)
    y.sum().backward()
    np.testing.assert_allclose(
        _core.call(op, [x], attrs)[0], y.detach().numpy(), rtol=1e-9, atol=1e-12
    )
    (dx,) = _core.vjp(op, [x], attrs, [np.ones_like(x)])
    np.testing.assert_allclose(dx, t.grad.numpy(), rtol=1e-9, atol=1e-12)


def check_type_error(op, function):
    """Integers reach no kernel; what is not a number is refused by name."""
    with pytest.raises(TypeError) as raised:
        _core.call(op, [np.zeros(3, np.int64)], {})
    assert str(raised.value) == f"{op}: x must be float32 or float64, got int64"
    with pytest.raises(TypeError) as raised:
        function(np.array(["a"]))
    assert str(raised.value) == f"{op}: array must hold real numbers, got dtype <U1"
