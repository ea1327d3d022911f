"""Gaussian error linear unit."""

import math

import numpy as np
import pytest

import fastnn as fnn
from unary_laws import check_range, check_type_error, check_unary, floats

POINTS = np.concatenate([np.linspace(-6, 6, 41) + 0.0123, [-30.0, 30.0]])
# Far below 0 the rounding of x^2 in the exponent shows, on values under 1e-3.
ATOL = 1e-6 * np.exp(-np.minimum(np.abs(floats().astype("f8")), 30))


def phi(x):
    """Normal distribution function, exact in both tails."""
    return 0.5 * np.vectorize(math.erfc, otypes=["f8"])(-x / math.sqrt(2))


def value(x):
    return np.maximum(x, -100) * phi(x)


def slope(x):
    z = np.clip(x, -100, 100)
    return phi(x) + z * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def test_gelu_over_the_whole_float32_range():
    check_range("gelu", value, slope, atol=ATOL)


def test_gelu_gradient_sizes_threads():
    check_unary("gelu", value, POINTS, torch_function=lambda torch, x: torch.nn.functional.gelu(x))


def test_gelu_at_zero_and_infinity():
    x = [0.0, np.inf, -np.inf]
    np.testing.assert_array_equal(fnn.ops.gelu(x), [0, np.inf, 0])
    (dx,) = fnn.ops.vjp("gelu", x, dy=np.ones(3))
    np.testing.assert_array_equal(dx, [0.5, 1, 0])


def test_gelu_errors():
    check_type_error("gelu", fnn.ops.gelu)


def value_tanh(x):
    z = np.clip(x, -1e4, 1e4)
    s = 1 / (1 + np.exp(-2 * math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)))
    return np.maximum(x, -1e4) * s


def slope_tanh(x):
    z = np.clip(x, -1e4, 1e4)
    c = 2 * math.sqrt(2 / math.pi)
    s = 1 / (1 + np.exp(-c * (z + 0.044715 * z**3)))
    return s + z * s * (1 - s) * c * (1 + 3 * 0.044715 * z * z)


def test_gelu_tanh_over_the_whole_float32_range():
    with np.errstate(over="ignore"):
        check_range("gelu", value_tanh, slope_tanh, {"approximate": 1}, atol=ATOL, slope_atol=1e-6)


def test_gelu_tanh_gradient_sizes_threads():
    with np.errstate(over="ignore"):
        check_unary(
            "gelu",
            value_tanh,
            POINTS,
            {"approximate": 1},
            torch_function=lambda torch, x: torch.nn.functional.gelu(x, approximate="tanh"),
        )


def test_gelu_keeps_its_relative_accuracy_far_below_zero():
    x = np.linspace(-12, -3, 200).astype("f4")
    exact = x * phi(x.astype("f8"))
    relative = np.abs(fnn.ops.gelu(x) - exact) / np.abs(exact)
    assert (relative < 2**-24 * (4 + x.astype("f8") ** 2)).all()


def test_gelu_approximate_is_checked():
    with pytest.raises(ValueError) as raised:
        fnn.ops.gelu([1.0], approximate="erf")
    assert str(raised.value) == "gelu: approximate must be 'none' or 'tanh', got 'erf'"
    with pytest.raises(ValueError) as raised:
        fnn.ops.vjp("gelu", [1.0], dy=[1.0], approximate=2)
    assert str(raised.value) == "gelu: approximate must be 0 or 1, got 2"
