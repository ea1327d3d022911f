"""Reciprocal."""

import numpy as np

import fastnn as fnn
from unary_laws import check_range, check_type_error, check_unary

POINTS = np.concatenate([np.linspace(0.5, 6, 20), -np.linspace(0.5, 6, 20)])


def value(x):
    return 1 / x


def slope(x):
    return -1 / x**2


def test_reciprocal_over_the_whole_float32_range():
    check_range("reciprocal", value, slope, slope_ulp=8, slope_atol=1e-44)


def test_reciprocal_gradient_sizes_threads():
    check_unary("reciprocal", value, POINTS)


def test_reciprocal_at_zero_and_infinity():
    x = [0.0, np.inf, -np.inf]
    np.testing.assert_array_equal(fnn.ops.reciprocal(x), [np.inf, 0, 0])
    (dx,) = fnn.ops.vjp("reciprocal", x, dy=np.ones(3))
    np.testing.assert_array_equal(dx, [-np.inf, 0, 0])


def test_reciprocal_errors():
    check_type_error("reciprocal", fnn.ops.reciprocal)
