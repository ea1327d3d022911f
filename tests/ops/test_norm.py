"""Euclidean norm over axes."""

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
def test_norm_values_and_gradient(shape, axis, keepdims):
    x = np.asarray(RNG.standard_normal(shape))
    attrs = {"keepdims": keepdims}
    if axis is not None:
        attrs["axis"] = axis if isinstance(axis, tuple) else (axis,)
    want = np.sqrt((x * x).sum(axis, keepdims=keepdims))
    check_op("norm", [x], attrs, want, gradient=x.size < 1000)


def test_norm_neither_overflows_nor_vanishes():
    x = np.array([[3e30, 4e30], [3e-30, 4e-30]], "f4")
    np.testing.assert_allclose(fnn.ops.norm(x, axis=1), [5e30, 5e-30], rtol=1e-6)


def test_norm_of_nothing_is_zero_and_its_gradient_too():
    assert fnn.ops.norm(np.zeros((0, 3)), axis=0).tolist() == [0, 0, 0]
    (dx,) = fnn.ops.vjp("norm", [0.0, 0.0], dy=1.0)
    assert dx.tolist() == [0, 0]


def test_norm_propagates_nan_and_infinity():
    assert np.isnan(fnn.ops.norm([np.nan, 1.0])) and np.isinf(fnn.ops.norm([-np.inf, 1.0]))


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
def test_norm_same_bits_for_any_thread_count(shape, axis):
    x = RNG.standard_normal(shape).astype("f4")
    check_same_bits("norm", [x], {"axis": axis})
