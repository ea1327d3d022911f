"""Axes in another order."""

import itertools

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core
from laws import check_op, check_same_bits

RNG = np.random.default_rng(0)
CASES = [
    *(((3, 4, 5), order) for order in itertools.permutations(range(3))),
    *(((2, 3, 1, 5), order) for order in itertools.permutations(range(4))),
    ((), ()),
    ((7,), (0,)),
    ((33, 17), (1, 0)),
    ((16, 32), (-1, 0)),
    ((15, 31), (1, 0)),
    ((2, 17, 3, 18), (0, 3, 2, 1)),
    ((0, 3), (1, 0)),
    ((3, 0, 2), (2, 0, 1)),
]


@pytest.mark.parametrize(("shape", "dims"), CASES)
def test_permute_values_and_gradient(shape, dims):
    x = np.asarray(RNG.standard_normal(shape))
    check_op("permute", [x], {"dims": dims}, x.transpose(dims), gradient=x.size < 600)


@pytest.mark.parametrize("dtype", ["i8", "u1"])
def test_permute_moves_integers(dtype):
    x = RNG.integers(0, 200, (19, 2, 35)).astype(dtype)
    y = _core.call("permute", [x], {"dims": (2, 1, 0)})[0]
    assert y.dtype == x.dtype
    np.testing.assert_array_equal(y, x.transpose(2, 1, 0))


@pytest.mark.parametrize(
    ("shape", "dims"),
    [
        ((700, 800), (1, 0)),
        ((512, 1024), (1, 0)),
        ((8, 30, 40, 50), (0, 2, 1, 3)),
        ((8, 30, 40, 50), (0, 2, 3, 1)),
        ((40, 3, 5000), (2, 1, 0)),
    ],
)
def test_permute_same_bits_for_any_thread_count(shape, dims):
    x = RNG.standard_normal(shape).astype("f4")
    np.testing.assert_array_equal(fnn.ops.permute(x, dims), x.transpose(dims))
    check_same_bits("permute", [x], {"dims": dims})


@pytest.mark.parametrize(
    ("dims", "text"),
    [
        ((0,), "permute: dims must name each of the 2 axes of x once, got 1 numbers"),
        ((0, 2), "permute: dims must name each of the 2 axes of x once, got 2"),
        ((0, -2), "permute: dims must name each of the 2 axes of x once, got -2 twice"),
    ],
)
def test_permute_errors(dims, text):
    with pytest.raises(ValueError) as raised:
        fnn.ops.permute(np.zeros((2, 3)), dims)
    assert str(raised.value) == text
