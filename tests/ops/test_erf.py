"""Error function."""

import math

import numpy as np

import fastnn as fnn
from unary_laws import check_range, check_type_error, check_unary

POINTS = np.concatenate([np.linspace(-6, 6, 41) + 0.0123, [-30.0, 30.0]])


def value(x):
    return np.vectorize(math.erf, otypes=["f8"])(x)


def slope(x):
    return 2 / math.sqrt(math.pi) * np.exp(-x * x)


def test_erf_over_the_whole_float32_range():
    check_range("erf", value, slope)


def test_erf_gradient_sizes_threads():
    check_unary("erf", value, POINTS, torch_function=lambda torch, x: x.erf())


def test_erf_at_zero_and_infinity():
    x = [0.0, np.inf, -np.inf]
    np.testing.assert_array_equal(fnn.ops.erf(x), [0, 1, -1])
    (dx,) = fnn.ops.vjp("erf", x, dy=np.ones(3))
    np.testing.assert_array_equal(dx, np.float32([2 / math.sqrt(math.pi), 0, 0]))


def test_erf_errors():
    check_type_error("erf", fnn.ops.erf)
