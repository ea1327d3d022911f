"""Self-normalising unit."""

import numpy as np

import fastnn as fnn
from unary_laws import check_range, check_type_error, check_unary

POINTS = np.concatenate([np.linspace(-6, 6, 41) + 0.0123, [-30.0, 30.0]])
SCALE, ALPHA = 1.0507009873554804934, 1.6732632423543772848


def value(x):
    return SCALE * np.where(x > 0, x, ALPHA * np.expm1(np.minimum(x, 0)))


def slope(x):
    return SCALE * np.where(x > 0, 1.0, ALPHA * np.exp(np.minimum(x, 0)))


def test_selu_over_the_whole_float32_range():
    check_range("selu", value, slope)


def test_selu_gradient_sizes_threads():
    check_unary("selu", value, POINTS, torch_function=lambda torch, x: torch.nn.functional.selu(x))


def test_selu_at_zero_and_infinity():
    x = [0.0, np.inf, -np.inf]
    np.testing.assert_array_equal(fnn.ops.selu(x), np.float32([0, np.inf, -SCALE * ALPHA]))
    (dx,) = fnn.ops.vjp("selu", x, dy=np.ones(3))
    np.testing.assert_array_equal(dx, np.float32([SCALE * ALPHA, SCALE, 0]))


def test_selu_errors():
    check_type_error("selu", fnn.ops.selu)


def test_selu_keeps_mean_and_variance_of_normal_numbers():
    y = fnn.ops.selu(np.random.default_rng(0).standard_normal(1_000_000))
    assert abs(y.mean()) < 0.005
    assert abs(y.var() - 1) < 0.01
