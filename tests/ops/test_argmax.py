"""Position of the largest element."""

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core
from laws import check_same_bits, check_values

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize(
    ("shape", "axis"),
    [
        ((), None),
        ((1,), 0),
        ((33,), None),
        ((9, 17), 0),
        ((9, 17), -1),
        ((9, 17), None),
        ((3, 4, 5), 1),
        ((2, 300, 3), 1),
        ((3, 20, 300), 1),
        ((2, 20000), 1),
        ((50000,), None),
        ((0, 3), 1),
    ],
)
def test_argmax_finds_the_first_of_equals(shape, axis, keepdims):
    x = np.asarray(np.round(RNG.standard_normal(shape), 1))
    attrs = {"keepdims": keepdims} | ({} if axis is None else {"axis": (axis,)})
    check_values("argmax", [x], attrs, x.argmax(axis, keepdims=keepdims))
    assert _core.call("argmax", [x], attrs)[0].dtype == np.int64


def test_argmax_finds_the_first_nan():
    x = np.zeros((40, 3))
    x[7, 1] = x[9, 1] = np.nan
    x[8, 1], x[3, 2] = 9, 9
    for axis in (0, 1, None):
        np.testing.assert_array_equal(fnn.ops.argmax(x, axis=axis), x.argmax(axis))
    big = np.zeros(50000)
    big[[20000, 40000]] = np.nan
    assert int(fnn.ops.argmax(big)) == 20000


@pytest.mark.parametrize(
    ("shape", "axis"), [((400000,), ()), ((600, 700), (0,)), ((600, 700), (1,)), ((9, 99999), (1,))]
)
def test_argmax_same_bits_for_any_thread_count(shape, axis):
    check_same_bits("argmax", [np.round(RNG.standard_normal(shape), 1)], {"axis": axis})


def test_argmax_has_no_gradient():
    assert not _core.has_gradient("argmax")


def test_argmax_errors():
    with pytest.raises(ValueError) as raised:
        _core.call("argmax", [np.zeros((2, 3))], {"axis": (0, 1)})
    assert str(raised.value) == "argmax: axis must be one integer or None, got 2 integers"
    with pytest.raises(ValueError) as raised:
        fnn.ops.argmax(np.zeros((0, 3)), axis=0)
    assert str(raised.value) == (
        "argmax: x must have at least 1 element along the reduced axes, got shape (0, 3)"
    )
