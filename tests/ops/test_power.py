"""Power with broadcasting."""

import numpy as np
import pytest

import fastnn as fnn
from laws import check_op, check_same_bits

RNG = np.random.default_rng(0)
SHAPES = [
    ((), ()),
    ((1,), (1,)),
    ((7,), ()),
    ((), (17,)),
    ((3, 33), (33,)),
    ((9, 8), (9, 1)),
    ((9, 1), (1, 15)),
    ((4, 3, 31), (3, 1)),
    ((2, 1, 5, 1), (3, 1, 7)),
    ((5, 1), (4, 1, 1)),
    ((0, 3), (3,)),
]


@pytest.mark.parametrize(("a", "b"), SHAPES)
def test_power_broadcasts(a, b):
    a, b = 0.5 + RNG.random(a), 0.5 + RNG.random(b)
    check_op("power", [a, b], {}, a**b)


@pytest.mark.parametrize("b", [1.0, 2.0, 3.0, 0.5, -1.0, -2.0, 2.5, 0.0])
def test_power_of_one_exponent(b):
    a = 0.5 + RNG.random(33)
    check_op("power", [a, np.array(b)], {}, a**b)


@pytest.mark.parametrize("b", [2.0, 3.0, -1.0, -2.0, 5.0, 0.0])
def test_power_of_negative_base(b):
    a = -0.5 - RNG.random(9)
    check_op("power", [a, np.array([b])], {}, a**b, skip=(1,))


def test_power_edges_are_those_of_ieee():
    a = [0.0, 0.0, -1.0, 2.0, np.nan, np.inf, -0.0]
    b = [0.0, -1.0, 0.5, np.nan, 0.0, -1.0, 0.5]
    np.testing.assert_array_equal(fnn.ops.power(a, b), [1, np.inf, np.nan, np.nan, 1, 0, 0])
    np.testing.assert_array_equal(np.signbit(fnn.ops.power([-0.0], 0.5)), [False])


def test_power_gradient_at_zero():
    da, db = fnn.ops.vjp("power", [0.0, 0.0, 0.0], [0.0, 1.0, 2.0], dy=[1.0, 1.0, 1.0])
    np.testing.assert_array_equal(da, [0, 1, 0])
    np.testing.assert_array_equal(db, [0, 0, 0])


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((300, 1001), (300, 1001)),
        ((300, 1001), (1001,)),
        ((300, 1001), (300, 1)),
        ((300, 1001), ()),
        ((40000, 9), (9,)),
        ((30, 40, 300), (40, 1)),
    ],
)
def test_power_same_bits_for_any_thread_count(a, b):
    a, b = (0.5 + RNG.random(a)).astype("f4"), (0.5 + RNG.random(b)).astype("f4")
    check_same_bits("power", [a, b], {})
