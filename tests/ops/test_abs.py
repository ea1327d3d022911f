"""Absolute value."""

import numpy as np

import fastnn as fnn
from unary_laws import check_range, check_type_error, check_unary

POINTS = np.concatenate([np.linspace(-6, 6, 41) + 0.0123, [-30.0, 30.0]])


def value(x):
    return np.abs(x)


def slope(x):
    return np.sign(x)


def test_abs_over_the_whole_float32_range():
    check_range("abs", value, slope, slope_atol=0)


def test_abs_gradient_sizes_threads():
    check_unary("abs", value, POINTS, torch_function=lambda torch, x: x.abs())


def test_abs_at_zero_and_infinity():
    x = [0.0, np.inf, -np.inf]
    np.testing.assert_array_equal(fnn.ops.abs(x), [0, np.inf, np.inf])
    (dx,) = fnn.ops.vjp("abs", x, dy=np.ones(3))
    np.testing.assert_array_equal(dx, [0, 1, -1])


def test_abs_errors():
    check_type_error("abs", fnn.ops.abs)
