"""Difference with broadcasting."""

import numpy as np
import pytest

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
def test_subtract_broadcasts(a, b):
    a, b = RNG.standard_normal(a), RNG.standard_normal(b)
    check_op("subtract", [a, b], {}, a - b)


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
def test_subtract_same_bits_for_any_thread_count(a, b):
    a, b = (0.5 + RNG.random(a)).astype("f4"), (0.5 + RNG.random(b)).astype("f4")
    check_same_bits("subtract", [a, b], {})
