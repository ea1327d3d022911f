"""Another shape for the same elements."""

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core
from laws import check_op, check_same_bits

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("x", "shape"),
    [
        ((), ()),
        ((), (1, 1)),
        ((6,), (2, 3)),
        ((2, 3, 4), (2, -1)),
        ((2, 3, 4), (-1, 2)),
        ((2, 3, 4), (-2, 12)),
        ((2, 3, 4), (-2, 4, -1)),
        ((0, 3, 4), (-1, 12)),
        ((0, 3, 4), (-2, -1)),
        ((2, 3, 4), (24,)),
    ],
)
def test_reshape_values_and_gradient(x, shape):
    x = np.asarray(RNG.standard_normal(x))
    want = [x.shape[0] if d == -2 else d for d in shape]
    if x.size == 0:
        want = [0, 12]
    check_op("reshape", [x], {"shape": shape}, x.reshape(want))


def test_reshape_moves_integers():
    y = _core.call("reshape", [np.arange(6)], {"shape": (2, 3)})[0]
    assert y.dtype == np.int64 and y.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_reshape_same_bits_for_any_thread_count():
    check_same_bits("reshape", [RNG.standard_normal((700, 800))], {"shape": (800, 700)})


def infer(shape, x=(None, 3, 4)):
    return _core.infer("reshape", "reshape", [x], ["float32"], {"shape": shape})[0][0][0]


def test_reshape_keeps_an_unknown_batch():
    assert infer((-1, 12)) == (None, 12)
    assert infer((-2, 12)) == (None, 12)
    assert infer((-1, 4, -1)) == (None, 4, 3)
    assert infer((-2, -1)) == (None, 12)
    assert infer((-2, -1), x=(None,)) == (None, 1)


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        (
            (12, -1),
            "reshape: shape must begin with None or -1, the batch, because x has shape (N, 3, 4)",
        ),
        ((), "reshape: shape must begin with None or -1, the batch, because x has shape (N, 3, 4)"),
        (
            (-1, 5),
            "reshape: shape must hold as many elements as x, whose shape is (N, 3, 4), got (-1, 5)",
        ),
        ((-1, -1, -1), "reshape: shape must hold lengths >= 0 and at most one -1, got two"),
        ((-1, -3), "reshape: shape must hold lengths >= 0 and at most one -1, got -3"),
        (
            (3, -2),
            "reshape: shape must have None, the batch, only as its first axis, got it as axis 1",
        ),
    ],
)
def test_reshape_errors(shape, text):
    with pytest.raises(ValueError) as raised:
        infer(shape)
    assert str(raised.value) == text


def test_reshape_errors_of_arrays():
    with pytest.raises(ValueError) as raised:
        fnn.ops.reshape(np.zeros((2, 3)), (4, -1))
    assert str(raised.value) == (
        "reshape: shape must hold as many elements as x, whose shape is (2, 3), got (4, -1)"
    )
    with pytest.raises(ValueError) as raised:
        fnn.ops.reshape(1.0, (None, 1))
    assert str(raised.value) == (
        "reshape: x must have at least 1 axis because shape begins with None, got shape ()"
    )
