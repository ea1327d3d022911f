"""Hyperbolic tangent."""

import numpy as np

import fastnn as fnn
from unary_laws import check_range, check_type_error, check_unary

POINTS = np.concatenate([np.linspace(-6, 6, 41) + 0.0123, [-30.0, 30.0]])


def value(x):
    return np.tanh(x)


def slope(x):
    return 1 / np.cosh(np.clip(x, -700, 700)) ** 2


def test_tanh_over_the_whole_float32_range():
    check_range("tanh", value, slope, slope_atol=5e-7)


def test_tanh_gradient_sizes_threads():
    check_unary("tanh", value, POINTS, torch_function=lambda torch, x: x.tanh())


def test_tanh_at_zero_and_infinity():
    x = [0.0, np.inf, -np.inf]
    np.testing.assert_array_equal(fnn.ops.tanh(x), [0, 1, -1])
    (dx,) = fnn.ops.vjp("tanh", x, dy=np.ones(3))
    np.testing.assert_array_equal(dx, [1, 0, 0])


def test_tanh_errors():
    check_type_error("tanh", fnn.ops.tanh)
