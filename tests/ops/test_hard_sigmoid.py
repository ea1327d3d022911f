"""Sigmoid of straight lines."""

import numpy as np
import pytest

import fastnn as fnn
from unary_laws import check_range, check_type_error, check_unary

POINTS = np.concatenate([np.linspace(-6, 6, 41) + 0.0123, [-30.0, 30.0]])


def value(x):
    return np.clip(x + 3, 0, 6) / 6


def slope(x):
    return np.where((x > -3) & (x < 3), 1 / 6, 0.0)


def test_hard_sigmoid_over_the_whole_float32_range():
    check_range("hard_sigmoid", value, slope, atol=1e-7)


def test_hard_sigmoid_gradient_sizes_threads():
    check_unary("hard_sigmoid", value, POINTS)


def test_hard_sigmoid_at_zero_and_infinity():
    x = [0.0, np.inf, -np.inf]
    np.testing.assert_array_equal(fnn.ops.hard_sigmoid(x), [0.5, 1, 0])
    (dx,) = fnn.ops.vjp("hard_sigmoid", x, dy=np.ones(3))
    np.testing.assert_array_equal(dx, np.float32([1 / 6, 0, 0]))


def test_hard_sigmoid_errors():
    check_type_error("hard_sigmoid", fnn.ops.hard_sigmoid)


def test_hard_sigmoid_is_torchs():
    torch = pytest.importorskip("torch")
    x = torch.linspace(-5, 5, 101, requires_grad=True)  # in float64 torch's 1/6 is float32's
    y = torch.nn.functional.hardsigmoid(x)
    y.sum().backward()
    at = x.detach().numpy()
    np.testing.assert_allclose(fnn.ops.hard_sigmoid(at), y.detach().numpy(), rtol=1e-6, atol=1e-7)
    (dx,) = fnn.ops.vjp("hard_sigmoid", at, dy=np.ones(101))
    np.testing.assert_allclose(dx, x.grad.numpy(), rtol=1e-6)


def test_hard_sigmoid_slope_at_its_kinks_is_zero():
    (dx,) = fnn.ops.vjp("hard_sigmoid", [-3.0, 3.0], dy=[1.0, 1.0])
    np.testing.assert_array_equal(dx, [0, 0])
