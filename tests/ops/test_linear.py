"""Dense layer."""

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core
from laws import check_op, check_same_bits

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    ("x", "k"),
    [
        ((5,), 3),
        ((1, 1), 1),
        ((7, 9), 17),
        ((2, 3, 8), 5),
        ((33, 15), 31),
        ((0, 3), 2),
        ((5, 3), 0),
    ],
)
def test_linear_values_and_gradient(x, k, bias):
    x, w, b = RNG.standard_normal(x), RNG.standard_normal((k, x[-1])), RNG.standard_normal(k)
    y = x @ w.T
    check_op("linear", [x, w, b] if bias else [x, w], {}, y + b if bias else y)


@pytest.mark.parametrize(
    ("activation", "function"),
    [
        (1, lambda z: 1 / (1 + np.exp(-z))),
        (2, np.tanh),
        (3, lambda z: np.maximum(z, 0)),
        (4, lambda z: np.where(z < 0, 0.1 * z, z)),
    ],
)
def test_linear_with_fused_activation(activation, function):
    x, w, b = RNG.standard_normal((9, 7)), RNG.standard_normal((5, 7)), RNG.standard_normal(5)
    attrs = {"activation": activation, "alpha": 0.1}
    check_op("linear", [x, w, b], attrs, function(x @ w.T + b))


@pytest.mark.parametrize("activation", [0, 1, 3])
@pytest.mark.parametrize(("n", "d", "k"), [(200, 100, 300), (5000, 20, 10)])
def test_linear_same_bits_for_any_thread_count(n, d, k, activation):
    x, w, b = (RNG.standard_normal(s).astype("f4") for s in ((n, d), (k, d), k))
    check_same_bits("linear", [x, w, b], {"activation": activation})


@pytest.mark.parametrize(
    ("shapes", "attrs", "text"),
    [
        (
            [(2, 3), (4, 5)],
            {},
            "linear: w must have shape (K, 3) because x has shape (2, 3), got (4, 5)",
        ),
        (
            [(2, 3), (4, 3), (3,)],
            {},
            "linear: b must have shape (4,) because w has shape (4, 3), got (3,)",
        ),
        ([(), (4, 3)], {}, "linear: x must have at least 1 axis, got shape ()"),
        (
            [(2, 3), (4, 3)],
            {"activation": 10},
            "linear: activation must be a number from 0 to 9, got 10",
        ),
    ],
)
def test_linear_errors(shapes, attrs, text):
    with pytest.raises(ValueError) as raised:
        _core.call("linear", [np.zeros(s) for s in shapes], attrs)
    assert str(raised.value) == text


def test_linear_needs_features():
    with pytest.raises(ValueError) as raised:
        _core.infer("linear", 'Dense "out"', [(None,), (4, 3)], ["float32"] * 2, {})
    assert str(raised.value) == (
        'Dense "out": x must have features on its last axis, got shape (N,); reshape it to (N, 1)'
    )


def test_linear_dtype_errors():
    z = np.zeros((2, 2))
    for inputs, text in (
        ([z.astype(int), z], "linear: x must be float32 or float64, got int64"),
        ([z, z.astype("f4")], "linear: w must be float64 because x is, got float32"),
        ([z, z, np.zeros(2, "f4")], "linear: b must be float64 because x is, got float32"),
    ):
        with pytest.raises(TypeError) as raised:
            _core.call("linear", inputs, {})
        assert str(raised.value) == text


def test_linear_without_bias():
    assert fnn.ops.linear([1.0, 2.0], [[3.0, 4.0]]).tolist() == [11.0]
