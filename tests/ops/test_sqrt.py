"""Square root."""

import numpy as np

import fastnn as fnn
from unary_laws import check_range, check_type_error, check_unary

POINTS = np.linspace(0.5, 12, 41)


def value(x):
    return np.sqrt(x)


def slope(x):
    return 0.5 / np.sqrt(x)


def test_sqrt_over_the_whole_float32_range():
    check_range("sqrt", value, slope)


def test_sqrt_gradient_sizes_threads():
    check_unary("sqrt", value, POINTS, torch_function=lambda torch, x: x.sqrt())


def test_sqrt_at_zero_and_infinity():
    x = [0.0, np.inf, -np.inf]
    np.testing.assert_array_equal(fnn.ops.sqrt(x), [0, np.inf, np.nan])
    (dx,) = fnn.ops.vjp("sqrt", x, dy=np.ones(3))
    np.testing.assert_array_equal(dx, [np.inf, 0, np.nan])


def test_sqrt_errors():
    check_type_error("sqrt", fnn.ops.sqrt)
