"""Sum with broadcasting."""

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core
from laws import check_op, check_same_bits

RNG = np.random.default_rng(0)
SHAPES = [
    ((), ()),
    ((1,), (1,)),
    ((7,), ()),
    ((), (17,)),
    ((3, 33), (33,)),
    ((9, 8), (9, 1)),
    ((9, 1), (1, 15)),
    ((4, 3, 31), (3, 1)),
    ((2, 1, 5, 1), (3, 1, 7)),
    ((5, 1), (4, 1, 1)),
    ((0, 3), (3,)),
]


@pytest.mark.parametrize(("a", "b"), SHAPES)
def test_add_broadcasts(a, b):
    a, b = RNG.standard_normal(a), RNG.standard_normal(b)
    check_op("add", [a, b], {}, a + b)


def test_add_errors():
    with pytest.raises(ValueError) as raised:
        fnn.ops.add(np.zeros((2, 3)), np.zeros((2, 4)))
    assert str(raised.value) == (
        "add: a and b must have shapes that broadcast (equal axes, or 1, from the right), "
        "got (2, 3) and (2, 4)"
    )
    with pytest.raises(TypeError) as raised:
        _core.call("add", [np.zeros(3, int), np.zeros(3)], {})
    assert str(raised.value) == "add: a must be float32 or float64, got int64"
    with pytest.raises(TypeError) as raised:
        _core.call("add", [np.zeros(3), np.zeros(3, "f4")], {})
    assert str(raised.value) == "add: b must be float64 because a is, got float32"


def test_add_an_unknown_batch_goes_with_itself_and_with_one():
    def shape(a, b):
        return _core.infer("add", "add", [a, b], ["float32"] * 2, {})[0][0][0]

    assert shape((None, 3), (None, 3)) == (None, 3)
    assert shape((None, 3), (1, 3)) == (None, 3)
    assert shape((3,), (None, 1)) == (None, 3)
    with pytest.raises(ValueError) as raised:
        shape((None, 3), (5, 3))
    assert str(raised.value) == (
        "add: a and b must have shapes that broadcast (equal axes, or 1, from the right), "
        "got (N, 3) and (5, 3)"
    )


def test_add_gradient_sum_over_many_rows_is_as_good_as_float64():
    dy = (1 + RNG.random((100000, 3))).astype("f4")
    _, db = _core.vjp("add", [dy, np.zeros(3, "f4")], {}, [dy])
    np.testing.assert_allclose(db, dy.sum(0, dtype="f8"), rtol=2e-7)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((300, 1001), (300, 1001)),
        ((300, 1001), (1001,)),
        ((300, 1001), (300, 1)),
        ((300, 1001), ()),
        ((40000, 9), (9,)),
        ((30, 40, 300), (40, 1)),
    ],
)
def test_add_same_bits_for_any_thread_count(a, b):
    a, b = (0.5 + RNG.random(a)).astype("f4"), (0.5 + RNG.random(b)).astype("f4")
    check_same_bits("add", [a, b], {})
