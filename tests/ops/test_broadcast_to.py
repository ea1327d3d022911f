"""Arrays repeated to a larger shape."""

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
        ((), (7,)),
        ((7,), (3, 7)),
        ((3, 1), (3, 33)),
        ((1, 5, 1), (4, 5, 9)),
        ((2, 3), (2, 3)),
        ((1, 3), (0, 3)),
    ],
)
def test_broadcast_to_values_and_gradient(x, shape):
    x = np.asarray(RNG.standard_normal(x))
    check_op("broadcast_to", [x], {"shape": shape}, np.broadcast_to(x, shape))


@pytest.mark.parametrize("x", [(), (800,), (700, 1)])
def test_broadcast_to_same_bits_for_any_thread_count(x):
    x = np.asarray(RNG.standard_normal(x), "f4")
    check_same_bits("broadcast_to", [x], {"shape": (700, 800)})


def test_broadcast_to_keeps_an_unknown_batch():
    out, _ = _core.infer("broadcast_to", "b", [(None, 1)], ["float32"], {"shape": (-1, 5)})
    assert out[0][0] == (None, 5)
    assert fnn.ops.broadcast_to(np.zeros((3, 1)), (None, 5)).shape == (3, 5)


def test_broadcast_to_errors():
    with pytest.raises(ValueError) as raised:
        fnn.ops.broadcast_to(np.zeros((2, 3)), (2, 4))
    assert str(raised.value) == (
        "broadcast_to: shape must be one that x of shape (2, 3) broadcasts to, got (2, 4)"
    )
