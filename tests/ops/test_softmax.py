"""Softmax over any axis."""

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core
from laws import ISAS, check_op, check_same_bits, using

SHAPES = [
    ((1,), -1),
    ((10,), 0),
    ((3, 7), -1),
    ((5, 8), 1),
    ((2, 9), 0),
    ((4, 1), -1),
    ((3, 17), -1),
    ((2, 3, 33), 1),
    ((2, 5, 300), -2),
    ((2, 260, 3), 1),
    ((3, 700), 1),
    ((2, 5, 4, 3), 1),
    ((0, 3), -1),
    ((3, 0), -1),
    ((0, 3), 0),
]


def oracle(x, axis):
    if x.shape[axis] == 0:
        return x
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


@pytest.mark.parametrize(("shape", "axis"), SHAPES)
def test_softmax_values_and_gradient(shape, axis):
    x = 3 * np.random.default_rng(0).standard_normal(shape)
    check_op("softmax", [x], {"axis": axis}, oracle(x, axis), gradient=x.size < 500)


@pytest.mark.parametrize(("shape", "axis"), SHAPES)
def test_softmax_is_torchs(shape, axis):
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(1).standard_normal(shape)
    dy = np.random.default_rng(2).standard_normal(shape)
    t = torch.tensor(x, requires_grad=True)
    t.softmax(axis).backward(torch.tensor(dy))
    (dx,) = fnn.ops.vjp("softmax", x, dy=dy, axis=axis)
    np.testing.assert_allclose(dx, t.grad.numpy(), rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize(("shape", "axis"), [((40, 10), 1), ((3, 50_000), 1), ((50, 31), 0)])
def test_softmax_rows_sum_to_one(shape, axis, dtype):
    x = 10 * np.random.default_rng(0).standard_normal(shape).astype(dtype)
    for isa in ISAS:
        with using(isa):
            assert _core.op_isa("softmax") == isa
            sums = fnn.ops.softmax(x, axis=axis).astype("f8").sum(axis)
            np.testing.assert_allclose(sums, 1, rtol=1e-6 if dtype == "f4" else 1e-13)


@pytest.mark.parametrize("axis", [0, 1])
def test_softmax_of_huge_numbers_is_exact(axis):
    for isa in ISAS:
        with using(isa):
            x = np.array([[3e38, -3e38, 0], [-np.inf, 5, 5], [1e-45, 0, 0]], "f4")
            want = np.array([[1, 0, 0], [0, 0.5, 0.5], [1 / 3] * 3])
            y = fnn.ops.softmax(x if axis else x.T.copy(), axis=axis)
            np.testing.assert_allclose(y if axis else y.T, want, rtol=1e-6)


@pytest.mark.parametrize("axis", [0, 1])
def test_softmax_nan_fills_its_row_only(axis):
    x = np.zeros((2, 40), "f4")
    x[1, 7] = np.nan
    y = fnn.ops.softmax(x if axis else x.T.copy(), axis=axis)
    y = y if axis else y.T
    assert np.isfinite(y[0]).all()
    assert np.isnan(y[1]).all()


@pytest.mark.parametrize(("shape", "axis"), [((3001, 10), 1), ((37, 2049), 1), ((20, 30, 301), 1)])
def test_softmax_same_bits_for_any_thread_count(shape, axis):
    x = np.random.default_rng(0).standard_normal(shape).astype("f4")
    check_same_bits("softmax", [x], {"axis": axis})


@pytest.mark.parametrize("op", ["softmax", "log_softmax"])
def test_softmax_errors(op):
    function = getattr(fnn.ops, op)
    with pytest.raises(ValueError) as raised:
        function(1.0)
    assert str(raised.value) == f"{op}: x must have at least 1 axis, got shape ()"
    with pytest.raises(ValueError) as raised:
        function(np.zeros((2, 3)), axis=2)
    assert str(raised.value) == (f"{op}: axis must be in [-2, 2) because x has shape (2, 3), got 2")
    with pytest.raises(TypeError) as raised:
        _core.call(op, [np.zeros(3, int)], {})
    assert str(raised.value) == f"{op}: x must be float32 or float64, got int64"


@pytest.mark.parametrize("op", ["softmax", "log_softmax"])
def test_softmax_of_an_unknown_batch(op):
    shapes, _ = _core.infer(op, op, [(None, 3)], ["float32"], {"axis": 1})
    assert shapes == [((None, 3), "float32")]
