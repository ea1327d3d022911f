"""Smallest element over axes."""

import numpy as np
import pytest

import fastnn as fnn
from laws import check_op, check_same_bits

RNG = np.random.default_rng(0)
CASES = [
    ((), None),
    ((1,), 0),
    ((7,), None),
    ((33,), -1),
    ((9, 17), 0),
    ((9, 17), 1),
    ((9, 17), (0, 1)),
    ((130, 3), 0),
    ((100, 8), 0),
    ((3, 4, 5), 1),
    ((3, 4, 5), (0, 2)),
    ((2, 3, 4, 5), (1, 3)),
    ((2, 3, 4, 5), (-1, 0)),
    ((2, 1, 5), 1),
    ((3, 1200), 1),
    ((40, 600), 0),
]


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize(("shape", "axis"), CASES)
def test_min_values_and_gradient(shape, axis, keepdims):
    x = np.asarray(RNG.standard_normal(shape))
    attrs = {"keepdims": keepdims}
    if axis is not None:
        attrs["axis"] = axis if isinstance(axis, tuple) else (axis,)
    want = x.min(axis, keepdims=keepdims)
    check_op("min", [x], attrs, want, gradient=x.size < 1000)


def test_min_of_nothing_is_an_error():
    assert fnn.ops.min(np.zeros((0, 3)), axis=1).shape == (0,)
    with pytest.raises(ValueError) as raised:
        fnn.ops.min(np.zeros((0, 3)), axis=0)
    assert str(raised.value) == (
        "min: x must have at least 1 element along the reduced axes, got shape (0, 3)"
    )


def test_min_propagates_nan():
    x = np.ones((3, 50))
    x[1, 47] = np.nan
    np.testing.assert_array_equal(np.isnan(fnn.ops.min(x, axis=1)), [False, True, False])
    assert np.isnan(fnn.ops.min(x, axis=0)).sum() == 1
    assert np.isnan(fnn.ops.min(x))


def test_min_shares_the_gradient_among_equals():
    (dx,) = fnn.ops.vjp("min", [[2.0, 2.0, 2.0], [0.0, 1.0, 0.0]], dy=[6.0, 6.0], axis=(1,))
    np.testing.assert_array_equal(dx, [[2, 2, 2], [3, 0, 3]])


@pytest.mark.parametrize(
    ("shape", "axis"),
    [
        ((400000,), (0,)),
        ((600, 700), (0,)),
        ((600, 700), (1,)),
        ((40000, 10), (0,)),
        ((40000, 10), (1,)),
        ((50, 80, 90), (1,)),
        ((50, 80, 90), (0, 2)),
        ((4, 100000), (1,)),
    ],
)
def test_min_same_bits_for_any_thread_count(shape, axis):
    x = RNG.standard_normal(shape).astype("f4")
    check_same_bits("min", [x], {"axis": axis})
