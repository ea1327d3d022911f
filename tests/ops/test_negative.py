"""Change of sign."""

import numpy as np

import fastnn as fnn
from unary_laws import check_range, check_type_error, check_unary

POINTS = np.concatenate([np.linspace(-6, 6, 41) + 0.0123, [-30.0, 30.0]])


def value(x):
    return -x


def slope(x):
    return np.full_like(x, -1)


def test_negative_over_the_whole_float32_range():
    check_range("negative", value, slope, slope_atol=0)


def test_negative_gradient_sizes_threads():
    check_unary("negative", value, POINTS, torch_function=lambda torch, x: -x)


def test_negative_at_zero_and_infinity():
    x = [0.0, np.inf, -np.inf]
    np.testing.assert_array_equal(fnn.ops.negative(x), [0, -np.inf, np.inf])
    (dx,) = fnn.ops.vjp("negative", x, dy=np.ones(3))
    np.testing.assert_array_equal(dx, [-1, -1, -1])


def test_negative_errors():
    check_type_error("negative", fnn.ops.negative)
