"""Softmax and cross-entropy in one."""

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core
from laws import ISAS, check_op, check_same_bits, using

RNG = np.random.default_rng(0)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def log_softmax(x):
    x = x - x.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


@pytest.mark.parametrize("shape", [(1, 2), (7, 10), (33, 9), (3, 5, 17), (2, 1025), (3, 5000)])
def test_softmax_cross_entropy_labels(shape):
    x = 3 * RNG.standard_normal(shape)
    labels = RNG.integers(0, shape[-1], shape[:-1])
    want = -np.take_along_axis(log_softmax(x), labels[..., None], -1).sum() / shape[0]
    check_op("softmax_cross_entropy", [x, labels], {}, want, softmax(x), gradient=shape[-1] < 1000)


@pytest.mark.parametrize("shape", [(1, 2), (7, 10), (3, 5, 17)])
def test_softmax_cross_entropy_soft_targets_need_not_sum_to_one(shape):
    x, y = 3 * RNG.standard_normal(shape), RNG.random(shape)
    want = -(y * log_softmax(x)).sum() / shape[0]
    check_op("softmax_cross_entropy", [x, y], {}, want, softmax(x))


def test_softmax_cross_entropy_mean_over_labels():
    x, labels = RNG.standard_normal((3, 5, 7)), RNG.integers(0, 7, (3, 5))
    want = -np.take_along_axis(log_softmax(x), labels[..., None], -1).mean()
    check_op("softmax_cross_entropy", [x, labels], {"per_label": 1}, want, softmax(x))


def test_softmax_cross_entropy_gradient_is_p_minus_y():
    x, labels = RNG.standard_normal((8, 10)), RNG.integers(0, 10, 8)
    dx, _ = _core.vjp("softmax_cross_entropy", [x, labels], {}, [np.array(1.0), None])
    np.testing.assert_allclose(dx, (softmax(x) - np.eye(10)[labels]) / 8, atol=1e-15)


def test_softmax_cross_entropy_gradient_of_p_alone():
    x, labels, dp = RNG.standard_normal((2, 3)), np.array([0, 2]), RNG.standard_normal((2, 3))
    dx, _ = _core.vjp("softmax_cross_entropy", [x, labels], {}, [None, dp])
    p = softmax(x)
    np.testing.assert_allclose(dx, p * (dp - (p * dp).sum(-1, keepdims=True)), atol=1e-15)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_softmax_cross_entropy_is_stable(dtype):
    for isa in ISAS:
        with using(isa):
            x = np.array([[1e4, 0.0], [-1e4, 0.0], [20.0, 0.0]], dtype)
            loss, p = fnn.ops.softmax_cross_entropy(x[:1], [1])
            assert float(loss) == 1e4 and p.tolist() == [[1.0, 0.0]]
            loss, p = fnn.ops.softmax_cross_entropy(x[1:2], [1])
            assert float(loss) == 0 and p.tolist() == [[0.0, 1.0]]
            loss, _ = fnn.ops.softmax_cross_entropy(x[2:], [0])
            np.testing.assert_allclose(loss, np.log1p(np.exp(-20.0)), rtol=1e-6)


def test_softmax_cross_entropy_masked_class_has_no_probability():
    loss, p = fnn.ops.softmax_cross_entropy([[0.0, -np.inf, 0.0]], [[0.5, 0.0, 0.5]])
    np.testing.assert_allclose(loss, np.log(2), rtol=1e-6)
    assert p.tolist() == [[0.5, 0.0, 0.5]]


def test_softmax_cross_entropy_nan_and_infinity_propagate():
    for value in (np.nan, np.inf):
        loss, p = fnn.ops.softmax_cross_entropy([[value, 0.0], [0.0, 0.0]], [1, 1])
        assert np.isnan(loss) and np.isnan(p[0]).all() and p[1].tolist() == [0.5, 0.5]


def test_softmax_cross_entropy_unknown_label_is_nan():
    x = np.zeros((2, 3), "f4")
    for label in (-1, 3):
        loss, p = fnn.ops.softmax_cross_entropy(x, [0, label])
        assert np.isnan(loss) and np.isfinite(p).all()
        y = np.array([0, label])
        dx, _ = _core.vjp("softmax_cross_entropy", [x, y], {}, [np.float32(1.0), None])
        assert np.isfinite(dx[0]).all() and np.isnan(dx[1]).all()


@pytest.mark.parametrize("classes", [10, 1000, 20000])
def test_softmax_cross_entropy_same_bits_for_any_thread_count(classes):
    rows = 400000 // classes
    x = RNG.standard_normal((rows, classes)).astype("f4")
    check_same_bits("softmax_cross_entropy", [x, RNG.integers(0, classes, rows)], {})
    check_same_bits("softmax_cross_entropy", [x, RNG.random((rows, classes)).astype("f4")], {})


def test_softmax_cross_entropy_equals_torch():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    x, labels = RNG.standard_normal((6, 9)), RNG.integers(0, 9, 6)
    want = torch.nn.functional.cross_entropy(torch.tensor(x), torch.tensor(labels)).item()
    check_op("softmax_cross_entropy", [x, labels], {}, want, softmax(x))
