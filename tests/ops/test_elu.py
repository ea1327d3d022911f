"""Exponential linear unit."""

import numpy as np
import pytest

import fastnn as fnn
from unary_laws import check_range, check_type_error, check_unary

POINTS = np.concatenate([np.linspace(-6, 6, 41) + 0.0123, [-30.0, 30.0]])


def value(x):
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def slope(x):
    return np.where(x > 0, 1.0, np.exp(np.minimum(x, 0)))


def test_elu_over_the_whole_float32_range():
    check_range("elu", value, slope)


def test_elu_gradient_sizes_threads():
    check_unary("elu", value, POINTS, torch_function=lambda torch, x: torch.nn.functional.elu(x))


def test_elu_at_zero_and_infinity():
    x = [0.0, np.inf, -np.inf]
    np.testing.assert_array_equal(fnn.ops.elu(x), [0, np.inf, -1])
    (dx,) = fnn.ops.vjp("elu", x, dy=np.ones(3))
    np.testing.assert_array_equal(dx, [1, 1, 0])


def test_elu_errors():
    check_type_error("elu", fnn.ops.elu)


def test_elu_takes_another_alpha():
    y = fnn.ops.elu([-1.0, 2.0], alpha=2.0)
    np.testing.assert_allclose(y, [2 * np.expm1(-1), 2], rtol=1e-6)
    (dx,) = fnn.ops.vjp("elu", [-1.0, 2.0], dy=[1.0, 1.0], alpha=2.0)
    np.testing.assert_allclose(dx, [2 * np.exp(-1), 1], rtol=1e-6)


def test_elu_alpha_is_checked():
    with pytest.raises(ValueError) as raised:
        fnn.ops.elu([1.0], alpha=-1)
    assert str(raised.value) == "elu: alpha must be a finite number >= 0, got -1"
    with pytest.raises(ValueError) as raised:
        fnn.ops.elu([1.0], alpha=np.inf)
    assert str(raised.value) == "elu: alpha must be a finite number >= 0, got inf"
