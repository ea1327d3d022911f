"""Mean over axes."""

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
def test_mean_values_and_gradient(shape, axis, keepdims):
    x = np.asarray(RNG.standard_normal(shape))
    attrs = {"keepdims": keepdims}
    if axis is not None:
        attrs["axis"] = axis if isinstance(axis, tuple) else (axis,)
    want = x.mean(axis, keepdims=keepdims)
    check_op("mean", [x], attrs, want, gradient=x.size < 1000)


def test_mean_of_nothing_is_nan():
    assert np.isnan(fnn.ops.mean(np.zeros((0, 3)), axis=0)).all()
    assert fnn.ops.mean(np.zeros((0, 3)), axis=1).shape == (0,)


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
def test_mean_same_bits_for_any_thread_count(shape, axis):
    x = RNG.standard_normal(shape).astype("f4")
    check_same_bits("mean", [x], {"axis": axis})
