"""Rows by number."""

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core
from laws import check_op, check_same_bits

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("x", "w"),
    [
        ((), (1, 1)),
        ((7,), (5, 3)),
        ((2, 9), (4, 17)),
        ((0,), (4, 3)),
        ((5,), (3,)),
        ((4,), (3, 2, 5)),
    ],
)
def test_embedding_values_and_gradient(x, w):
    x, w = np.asarray(RNG.integers(0, w[0], x)), RNG.standard_normal(w)
    check_op("embedding", [x, w], {}, w[x])


def test_embedding_unknown_row_is_nan_and_has_no_gradient():
    w, x = np.ones((3, 2)), np.array([0, -1, 3, 2])
    y = fnn.ops.embedding(x, w)
    np.testing.assert_array_equal(np.isnan(y[:, 0]), [False, True, True, False])
    _, dw = _core.vjp("embedding", [x, w], {}, [np.ones((4, 2))])
    np.testing.assert_array_equal(dw, [[1, 1], [0, 0], [1, 1]])


@pytest.mark.parametrize(("rows", "width"), [(65, 300), (5000, 64), (3, 5000)])
def test_embedding_same_bits_for_any_thread_count(rows, width):
    x, w = RNG.integers(0, rows, 1200), RNG.standard_normal((rows, width)).astype("f4")
    check_same_bits("embedding", [x, w], {})


def test_embedding_keeps_an_unknown_batch():
    out, _ = _core.infer("embedding", "e", [(None, 7), (5, 3)], ["int64", "float32"], {})
    assert out[0] == ((None, 7, 3), "float32")


def test_embedding_equals_torch():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    x, w = RNG.integers(0, 5, (2, 3)), RNG.standard_normal((5, 4))
    want = torch.nn.functional.embedding(torch.tensor(x), torch.tensor(w)).numpy()
    np.testing.assert_array_equal(fnn.ops.embedding(x, w), want)


def test_embedding_errors():
    with pytest.raises(TypeError) as raised:
        _core.call("embedding", [np.zeros(3), np.zeros((2, 2))], {})
    assert str(raised.value) == "embedding: x must be int64, got float64"
    with pytest.raises(TypeError) as raised:
        _core.call("embedding", [np.zeros(3, int), np.zeros((2, 2), int)], {})
    assert str(raised.value) == "embedding: w must be float32 or float64, got int64"
    with pytest.raises(ValueError) as raised:
        fnn.ops.embedding([0], 1.0)
    assert str(raised.value) == "embedding: w must have at least 1 axis, got shape ()"
    with pytest.raises(ValueError) as raised:
        fnn.ops.embedding(np.zeros((1,) * 7, int), np.zeros((1, 1, 1)))
    assert str(raised.value) == (
        "embedding: x and w must have at most 9 axes together, got shapes "
        "(1, 1, 1, 1, 1, 1, 1) and (1, 1, 1)"
    )
