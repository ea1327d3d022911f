"""Product over axes."""

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
def test_prod_values_and_gradient(shape, axis, keepdims):
    x = np.asarray(np.exp(0.1 * RNG.standard_normal(shape)))
    attrs = {"keepdims": keepdims}
    if axis is not None:
        attrs["axis"] = axis if isinstance(axis, tuple) else (axis,)
    want = x.prod(axis, keepdims=keepdims)
    check_op("prod", [x], attrs, want, gradient=x.size < 1000)


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (2, 0, 3)])
def test_prod_of_nothing(shape):
    x = np.zeros(shape)
    for axis in (None, 0, -1):
        want = x.prod(axis)
        np.testing.assert_array_equal(fnn.ops.prod(x, axis=axis), want)


def test_prod_propagates_nan_and_infinity():
    x = np.ones((3, 50))
    x[1, 47], x[2, 3] = np.nan, np.inf
    y = fnn.ops.prod(x, axis=1)
    assert np.isfinite(y[0]) and np.isnan(y[1]) and np.isinf(y[2])


@pytest.mark.parametrize("row", [[2.0, 0.0, 3.0], [0.0, 0.0, 3.0], [0.0, 0.0, 0.0]])
def test_prod_gradient_with_zeros(row):
    x = np.array([row, [1.0, 2.0, 3.0]])
    check_op("prod", [x], {"axis": (1,)}, x.prod(1))


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
def test_prod_same_bits_for_any_thread_count(shape, axis):
    x = RNG.standard_normal(shape).astype("f4")
    check_same_bits("prod", [x], {"axis": axis})
