"""Rectifier with a small slope below 0."""

import numpy as np
import pytest

import fastnn as fnn
from unary_laws import check_range, check_type_error, check_unary

POINTS = np.concatenate([np.linspace(-6, 6, 41) + 0.0123, [-30.0, 30.0]])


def value(x):
    return np.where(x > 0, x, 0.01 * x)


def slope(x):
    return np.where(x > 0, 1.0, 0.01)


def test_leaky_relu_over_the_whole_float32_range():
    check_range("leaky_relu", value, slope, atol=1e-45)


def test_leaky_relu_gradient_sizes_threads():
    check_unary(
        "leaky_relu",
        value,
        POINTS,
        torch_function=lambda torch, x: torch.nn.functional.leaky_relu(x, 0.01),
    )


def test_leaky_relu_at_zero_and_infinity():
    x = [0.0, np.inf, -np.inf]
    np.testing.assert_array_equal(fnn.ops.leaky_relu(x), [0, np.inf, -np.inf])
    (dx,) = fnn.ops.vjp("leaky_relu", x, dy=np.ones(3))
    np.testing.assert_array_equal(dx, np.float32([0.01, 1, 0.01]))


def test_leaky_relu_errors():
    check_type_error("leaky_relu", fnn.ops.leaky_relu)


def test_leaky_relu_takes_another_slope():
    np.testing.assert_allclose(fnn.ops.leaky_relu([-2.0, 2.0], negative_slope=0.3), [-0.6, 2])
    np.testing.assert_array_equal(fnn.ops.leaky_relu([-2.0, 2.0], negative_slope=0), [0, 2])
    (dx,) = fnn.ops.vjp("leaky_relu", [-2.0, 2.0], dy=[1.0, 1.0], negative_slope=0.3)
    np.testing.assert_allclose(dx, [0.3, 1])


def test_leaky_relu_negative_slope_is_checked():
    with pytest.raises(ValueError) as raised:
        fnn.ops.leaky_relu([1.0], negative_slope=-1)
    assert str(raised.value) == "leaky_relu: negative_slope must be a finite number >= 0, got -1"
    with pytest.raises(ValueError) as raised:
        fnn.ops.leaky_relu([1.0], negative_slope=np.inf)
    assert str(raised.value) == "leaky_relu: negative_slope must be a finite number >= 0, got inf"
