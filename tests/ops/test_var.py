"""Variance over axes."""

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
def test_var_values_and_gradient(shape, axis, keepdims):
    x = np.asarray(RNG.standard_normal(shape))
    attrs = {"keepdims": keepdims, "correction": 0}
    if axis is not None:
        attrs["axis"] = axis if isinstance(axis, tuple) else (axis,)
    want = x.var(axis, ddof=0, keepdims=keepdims)
    check_op("var", [x], attrs, want, gradient=x.size < 1000)


@pytest.mark.parametrize("axis", [None, 0, 1])
def test_var_default_is_the_estimate(axis):
    x = 1000 + RNG.standard_normal((9, 17))
    attrs = {} if axis is None else {"axis": (axis,)}
    check_op("var", [x], attrs, x.var(axis, ddof=1), rtol=2e-3, gradient=False)
    x = RNG.standard_normal((9, 17))
    check_op("var", [x], attrs, x.var(axis, ddof=1))


def test_var_of_too_few_is_nan():
    assert np.isnan(fnn.ops.var([1.0]))
    assert float(fnn.ops.var([1.0], correction=0)) == 0
    assert np.isnan(fnn.ops.var(np.zeros((0, 2)), axis=0)).all()


def test_var_correction_must_not_be_negative():
    with pytest.raises(ValueError) as raised:
        fnn.ops.var([1.0], correction=-1)
    assert str(raised.value) == "var: correction must be >= 0, got -1"


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
def test_var_same_bits_for_any_thread_count(shape, axis):
    x = RNG.standard_normal(shape).astype("f4")
    check_same_bits("var", [x], {"axis": axis})
