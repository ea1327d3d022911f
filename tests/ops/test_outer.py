"""Outer product."""

import numpy as np
import pytest

import fastnn as fnn
from laws import check_op, check_same_bits

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(("m", "k"), [(1, 1), (7, 33), (17, 8), (0, 3), (3, 0)])
def test_outer_values_and_gradient(m, k):
    a, b = RNG.standard_normal(m), RNG.standard_normal(k)
    check_op("outer", [a, b], {}, np.outer(a, b))


def test_outer_same_bits_for_any_thread_count():
    a, b = RNG.standard_normal((2, 800)).astype("f4")
    check_same_bits("outer", [a, b], {})


@pytest.mark.parametrize(
    ("a", "b", "text"),
    [
        ((2, 3), (3,), "outer: a must have shape (M,), got (2, 3)"),
        ((3,), (), "outer: b must have shape (K,), got ()"),
    ],
)
def test_outer_errors(a, b, text):
    with pytest.raises(ValueError) as raised:
        fnn.ops.outer(np.zeros(a), np.zeros(b))
    assert str(raised.value) == text
