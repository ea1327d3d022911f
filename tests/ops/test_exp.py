"""Exponential function."""

import numpy as np

import fastnn as fnn
from unary_laws import check_range, check_type_error, check_unary

POINTS = np.linspace(-6, 6, 41) + 0.0123


def value(x):
    return np.exp(x)


def slope(x):
    return np.exp(x)


def test_exp_over_the_whole_float32_range():
    check_range("exp", value, slope)


def test_exp_gradient_sizes_threads():
    check_unary("exp", value, POINTS)


def test_exp_at_zero_and_infinity():
    x = [0.0, np.inf, -np.inf]
    np.testing.assert_array_equal(fnn.ops.exp(x), [1, np.inf, 0])
    (dx,) = fnn.ops.vjp("exp", x, dy=np.ones(3))
    np.testing.assert_array_equal(dx, [1, np.inf, 0])


def test_exp_errors():
    check_type_error("exp", fnn.ops.exp)
