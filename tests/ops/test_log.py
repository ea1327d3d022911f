"""Natural logarithm."""

import numpy as np

import fastnn as fnn
from unary_laws import check_range, check_type_error, check_unary

POINTS = np.linspace(0.05, 12, 41)


def value(x):
    return np.log(x)


def slope(x):
    return 1 / x


def test_log_over_the_whole_float32_range():
    check_range("log", value, slope)


def test_log_gradient_sizes_threads():
    check_unary("log", value, POINTS)


def test_log_at_zero_and_infinity():
    x = [0.0, np.inf, -np.inf]
    np.testing.assert_array_equal(fnn.ops.log(x), [-np.inf, np.inf, np.nan])
    (dx,) = fnn.ops.vjp("log", x, dy=np.ones(3))
    np.testing.assert_array_equal(dx, [np.inf, 0, 0])


def test_log_errors():
    check_type_error("log", fnn.ops.log)
