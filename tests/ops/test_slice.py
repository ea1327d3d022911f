"""Parts of arrays by Python's rules."""

import itertools

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core
from laws import check_op, check_same_bits

RNG = np.random.default_rng(0)
ENDS = [None, -9, -3, 0, 1, 4, 9]
STEPS = [None, 1, 2, 7, -1, -2, -7, 2**63 - 1, 2**63 - 3, 1 - 2**63, -(2**63)]


def test_slice_follows_python():
    x = RNG.standard_normal((2, 5))
    for start, stop, step in itertools.product(ENDS, ENDS, STEPS):
        want = x[:, start:stop:step]
        np.testing.assert_array_equal(fnn.ops.slice(x, start, stop, step, axis=1), want)


@pytest.mark.parametrize(
    ("shape", "key"),
    [
        ((7,), (slice(1, 6, 2),)),
        ((7,), (slice(None, None, -1),)),
        ((7,), (slice(1, 6, 2**63 - 1),)),
        ((5, 9), (slice(1, 4), slice(None))),
        ((5, 9), (slice(None, None, -1), slice(None, None, -1))),
        ((5, 9), (slice(None), slice(2, 8))),
        ((3, 4, 5), (slice(None), slice(3, 0, -2), slice(None))),
        ((3, 4, 5), (slice(0, 1), slice(None), slice(None, None, 3))),
        ((3, 4), (slice(2, 2), slice(None))),
        ((0, 4), (slice(None), slice(1, 3))),
    ],
)
def test_slice_values_and_gradient(shape, key):
    x = RNG.standard_normal(shape)
    end = 2**63 - 1
    step = [1 if k.step is None else k.step for k in key]
    start = [
        (0 if s > 0 else end) if k.start is None else k.start
        for k, s in zip(key, step, strict=True)
    ]
    stop = [end if k.stop is None else k.stop for k in key]
    check_op("slice", [x], {"start": start, "stop": stop, "step": step}, x[key])


def test_slice_several_axes():
    x = RNG.standard_normal((6, 7, 8))
    y = fnn.ops.slice(x, (1, None), (-1, None), (None, -1), axis=(0, -1))
    np.testing.assert_array_equal(y, x[1:-1, :, ::-1])


def test_slice_moves_integers():
    x = np.arange(12).reshape(3, 4)
    attrs = {"start": (0, 1), "stop": (3, 3), "step": (2, 1)}
    y = _core.call("slice", [x], attrs)[0]
    assert y.dtype == np.int64 and y.tolist() == [[1, 2], [9, 10]]


@pytest.mark.parametrize("step", [1, 2, -1])
def test_slice_same_bits_for_any_thread_count(step):
    x = RNG.standard_normal((600, 900)).astype("f4")
    end = 2**63 - 1
    attrs = {"start": (1, 0 if step > 0 else end), "stop": (end, end), "step": (1, step)}
    check_same_bits("slice", [x], attrs)


def test_slice_keeps_an_unknown_batch():
    end = 2**63 - 1

    def shape(start):
        attrs = {"start": (start, 1), "stop": (end, end), "step": (1, 1)}
        return _core.infer("slice", "slice", [(None, 5)], ["float32"], attrs)[0][0][0]

    assert shape(0) == (None, 4)
    with pytest.raises(ValueError) as raised:
        shape(1)
    assert str(raised.value) == (
        "slice: the batch must be taken whole, because its length is not known yet"
    )


def test_slice_errors():
    with pytest.raises(ValueError) as raised:
        fnn.ops.slice(np.zeros(3), step=0)
    assert str(raised.value) == "slice: step must not be 0, got 0 for axis 0"
    with pytest.raises(ValueError) as raised:
        fnn.ops.slice(np.zeros(3), axis=1)
    assert str(raised.value) == "slice: axis must be between -1 and 0 because x has 1 axes, got 1"
    with pytest.raises(ValueError) as raised:
        _core.call("slice", [np.zeros(3)], {"start": (0, 0), "stop": (1,), "step": (1,)})
    assert str(raised.value) == "slice: start must hold a number for each of the 1 axes of x, got 2"
