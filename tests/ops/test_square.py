"""Square."""

import numpy as np

import fastnn as fnn
from unary_laws import check_range, check_type_error, check_unary

POINTS = np.linspace(-6, 6, 41) + 0.0123


def value(x):
    return x * x


def slope(x):
    return 2 * x


def test_square_over_the_whole_float32_range():
    check_range("square", value, slope, slope_atol=0)


def test_square_gradient_sizes_threads():
    check_unary("square", value, POINTS, torch_function=lambda torch, x: x.square())


def test_square_at_zero_and_infinity():
    x = [0.0, np.inf, -np.inf]
    np.testing.assert_array_equal(fnn.ops.square(x), [0, np.inf, np.inf])
    (dx,) = fnn.ops.vjp("square", x, dy=np.ones(3))
    np.testing.assert_array_equal(dx, [0, np.inf, -np.inf])


def test_square_errors():
    check_type_error("square", fnn.ops.square)
