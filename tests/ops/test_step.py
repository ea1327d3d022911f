"""Heaviside step."""

import numpy as np

import fastnn as fnn
from unary_laws import check_range, check_type_error, check_unary

POINTS = np.concatenate([np.linspace(-6, 6, 41) + 0.0123, [-30.0, 30.0]])


def value(x):
    return np.where(x > 0, 1.0, 0.0)


def slope(x):
    return np.zeros_like(x)


def test_step_over_the_whole_float32_range():
    check_range("step", value, slope)


def test_step_gradient_sizes_threads():
    check_unary("step", value, POINTS)


def test_step_at_zero_and_infinity():
    x = [0.0, np.inf, -np.inf]
    np.testing.assert_array_equal(fnn.ops.step(x), [0, 1, 0])
    (dx,) = fnn.ops.vjp("step", x, dy=np.ones(3))
    np.testing.assert_array_equal(dx, [0, 0, 0])


def test_step_errors():
    check_type_error("step", fnn.ops.step)
