"""Smooth rectifier."""

import numpy as np
import pytest

import fastnn as fnn
from unary_laws import check_range, check_type_error, check_unary

POINTS = np.concatenate([np.linspace(-6, 6, 41) + 0.0123, [-30.0, 30.0]])


def value(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def slope(x):
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e, 1) / (1 + e)


def test_softplus_over_the_whole_float32_range():
    check_range("softplus", value, slope)


def test_softplus_gradient_sizes_threads():
    check_unary(
        "softplus",
        value,
        POINTS,
        torch_function=lambda torch, x: torch.nn.functional.softplus(x, threshold=800),
    )


def test_softplus_at_zero_and_infinity():
    x = [0.0, np.inf, -np.inf]
    np.testing.assert_array_equal(fnn.ops.softplus(x), np.float32([np.log(2), np.inf, 0]))
    (dx,) = fnn.ops.vjp("softplus", x, dy=np.ones(3))
    np.testing.assert_array_equal(dx, [0.5, 1, 0])


def test_softplus_errors():
    check_type_error("softplus", fnn.ops.softplus)


def test_softplus_takes_another_beta():
    y = fnn.ops.softplus([-1.0, 2.0], beta=3.0)
    np.testing.assert_allclose(y, value(3 * np.array([-1.0, 2.0])) / 3, rtol=1e-6)
    (dx,) = fnn.ops.vjp("softplus", [-1.0, 2.0], dy=[1.0, 1.0], beta=3.0)
    np.testing.assert_allclose(dx, slope(3 * np.array([-1.0, 2.0])), rtol=1e-6)


def test_softplus_beta_is_checked():
    with pytest.raises(ValueError) as raised:
        fnn.ops.softplus([1.0], beta=0)
    assert str(raised.value) == "softplus: beta must be a finite number > 0, got 0"
    with pytest.raises(ValueError) as raised:
        fnn.ops.softplus([1.0], beta=np.inf)
    assert str(raised.value) == "softplus: beta must be a finite number > 0, got inf"
