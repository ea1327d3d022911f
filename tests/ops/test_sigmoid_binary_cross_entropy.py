"""Sigmoid and binary cross-entropy in one."""

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core
from laws import ISAS, check_op, check_same_bits, using

RNG = np.random.default_rng(0)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def cost(x, y):
    return (np.maximum(x, 0) - x * y + np.log1p(np.exp(-np.abs(x)))).sum() / len(x)


@pytest.mark.parametrize("shape", [(1,), (8, 1), (9, 10), (2, 3, 17)])
def test_sigmoid_binary_cross_entropy_values_and_gradient(shape):
    x, y = 3 * RNG.standard_normal(shape), RNG.random(shape)
    check_op("sigmoid_binary_cross_entropy", [x, y], {}, cost(x, y), sigmoid(x))


def test_sigmoid_binary_cross_entropy_labels_are_one_hot_rows():
    x, labels = RNG.standard_normal((70, 10)), RNG.integers(0, 10, 70)
    want = cost(x, np.eye(10)[labels])
    check_op("sigmoid_binary_cross_entropy", [x, labels], {}, want, sigmoid(x))


def test_sigmoid_binary_cross_entropy_gradient_is_p_minus_y():
    x, y = RNG.standard_normal((8, 1)), RNG.integers(0, 2, 8)
    dx, _ = _core.vjp("sigmoid_binary_cross_entropy", [x, y], {}, [np.array(1.0), None])
    np.testing.assert_allclose(dx, (sigmoid(x) - y[:, None]) / 8, atol=1e-15)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_sigmoid_binary_cross_entropy_is_stable(dtype):
    for isa in ISAS:
        with using(isa):
            x = np.array([[1e4], [-1e4]], dtype)
            loss, p = fnn.ops.sigmoid_binary_cross_entropy(x, [0, 1])
            assert float(loss) == 1e4 and p.tolist() == [[1.0], [0.0]]
            loss, _ = fnn.ops.sigmoid_binary_cross_entropy(x, [1, 0])
            assert float(loss) == 0
            loss, _ = fnn.ops.sigmoid_binary_cross_entropy(np.array([[20.0]], dtype), [1])
            np.testing.assert_allclose(loss, np.log1p(np.exp(-20.0)), rtol=1e-6)


def test_sigmoid_binary_cross_entropy_nan_propagates():
    loss, p = fnn.ops.sigmoid_binary_cross_entropy([[np.nan]], [[1.0]])
    assert np.isnan(loss) and np.isnan(p).all()


def test_sigmoid_binary_cross_entropy_unknown_label_is_nan():
    for label in (-1, 2):
        loss, p = fnn.ops.sigmoid_binary_cross_entropy(np.zeros((1, 1)), [label])
        assert np.isnan(loss) and p.tolist() == [[0.5]]


def test_sigmoid_binary_cross_entropy_same_bits_for_any_thread_count():
    x, y = RNG.random((2, 400, 301)).astype("f4")
    check_same_bits("sigmoid_binary_cross_entropy", [x, y], {})


def test_sigmoid_binary_cross_entropy_equals_torch():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    x, y = RNG.standard_normal((9, 5)), RNG.random((9, 5))
    function = torch.nn.functional.binary_cross_entropy_with_logits
    want = function(torch.tensor(x), torch.tensor(y), reduction="sum").item() / 9
    check_op("sigmoid_binary_cross_entropy", [x, y], {}, want, sigmoid(x))
