"""Sigmoid-weighted linear unit."""

import numpy as np

import fastnn as fnn
from unary_laws import check_range, check_type_error, check_unary

POINTS = np.concatenate([np.linspace(-6, 6, 41) + 0.0123, [-30.0, 30.0]])


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e, 1) / (1 + e)


def value(x):
    return np.maximum(x, -1000) * sigmoid(x)


def slope(x):
    z = np.clip(x, -1000, 1000)
    return sigmoid(x) * (1 + z * sigmoid(-x))


def test_silu_over_the_whole_float32_range():
    check_range("silu", value, slope, atol=1e-42)


def test_silu_gradient_sizes_threads():
    check_unary("silu", value, POINTS, torch_function=lambda torch, x: torch.nn.functional.silu(x))


def test_silu_at_zero_and_infinity():
    x = [0.0, np.inf, -np.inf]
    np.testing.assert_array_equal(fnn.ops.silu(x), [0, np.inf, 0])
    (dx,) = fnn.ops.vjp("silu", x, dy=np.ones(3))
    np.testing.assert_array_equal(dx, [0.5, 1, 0])


def test_silu_errors():
    check_type_error("silu", fnn.ops.silu)
