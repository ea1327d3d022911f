"""Logistic function."""

import numpy as np

import fastnn as fnn
from unary_laws import check_range, check_type_error, check_unary

POINTS = np.concatenate([np.linspace(-6, 6, 41) + 0.0123, [-30.0, 30.0]])


def value(x):
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e, 1) / (1 + e)


def slope(x):
    return value(x) * value(-x)


def test_sigmoid_over_the_whole_float32_range():
    check_range("sigmoid", value, slope)


def test_sigmoid_gradient_sizes_threads():
    check_unary("sigmoid", value, POINTS, torch_function=lambda torch, x: x.sigmoid())


def test_sigmoid_at_zero_and_infinity():
    x = [0.0, np.inf, -np.inf]
    np.testing.assert_array_equal(fnn.ops.sigmoid(x), [0.5, 1, 0])
    (dx,) = fnn.ops.vjp("sigmoid", x, dy=np.ones(3))
    np.testing.assert_array_equal(dx, [0.25, 0, 0])


def test_sigmoid_errors():
    check_type_error("sigmoid", fnn.ops.sigmoid)


def test_sigmoid_of_the_lectures():
    y = fnn.ops.sigmoid([1.0, 10.0, 2.0])
    np.testing.assert_allclose(y, [0.73106, 0.99995, 0.88080], atol=5e-6)
