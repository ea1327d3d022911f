"""Sum over axes."""

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core
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
def test_sum_values_and_gradient(shape, axis, keepdims):
    x = np.asarray(RNG.standard_normal(shape))
    attrs = {"keepdims": keepdims}
    if axis is not None:
        attrs["axis"] = axis if isinstance(axis, tuple) else (axis,)
    want = x.sum(axis, keepdims=keepdims)
    check_op("sum", [x], attrs, want, gradient=x.size < 1000)


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (2, 0, 3)])
def test_sum_of_nothing(shape):
    x = np.zeros(shape)
    for axis in (None, 0, -1):
        want = x.sum(axis)
        np.testing.assert_array_equal(fnn.ops.sum(x, axis=axis), want)


def test_sum_propagates_nan_and_infinity():
    x = np.ones((3, 50))
    x[1, 47], x[2, 3] = np.nan, np.inf
    y = fnn.ops.sum(x, axis=1)
    assert np.isfinite(y[0]) and np.isnan(y[1]) and np.isinf(y[2])


@pytest.mark.parametrize(
    ("axis", "text"),
    [
        (2, "sum: axis must be between -2 and 1 because x has shape (2, 3), got 2"),
        (-3, "sum: axis must be between -2 and 1 because x has shape (2, 3), got -3"),
        ((0, -2), "sum: axis must name each axis once, got 0 twice"),
    ],
)
def test_axis_errors(axis, text):
    with pytest.raises(ValueError) as raised:
        fnn.ops.sum(np.zeros((2, 3)), axis=axis)
    assert str(raised.value) == text


def test_sum_dtype_error():
    with pytest.raises(TypeError) as raised:
        _core.call("sum", [np.zeros(3, int)], {})
    assert str(raised.value) == "sum: x must be float32 or float64, got int64"


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
def test_sum_is_as_good_as_float64(axis):
    x = (RNG.random((1000, 1000)) - 0.3).astype("f4")
    np.testing.assert_allclose(fnn.ops.sum(x, axis=axis), x.sum(axis, dtype="f8"), rtol=1e-6)


def test_sum_keeps_an_unknown_batch():
    def shape(axis):
        return _core.infer("sum", "sum", [(None, 3, 4)], ["float32"], {"axis": axis})[0][0][0]

    assert shape((1,)) == (None, 4)
    assert shape((0,)) == (3, 4)


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
def test_sum_same_bits_for_any_thread_count(shape, axis):
    x = RNG.standard_normal(shape).astype("f4")
    check_same_bits("sum", [x], {"axis": axis})
