"""Batched matrix product."""

import numpy as np
import pytest

import fastnn as fnn
from laws import check_op, check_same_bits

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("n", "m", "k", "j"), [(1, 1, 1, 1), (3, 7, 9, 2), (33, 2, 3, 4), (0, 2, 3, 4), (2, 2, 0, 3)]
)
def test_bmm_values_and_gradient(n, m, k, j):
    a, b = RNG.standard_normal((n, m, k)), RNG.standard_normal((n, k, j))
    check_op("bmm", [a, b], {}, a @ b)


def test_bmm_same_bits_for_any_thread_count():
    a, b = RNG.standard_normal((2, 48, 40, 40)).astype("f4")
    check_same_bits("bmm", [a, b], {})


@pytest.mark.parametrize(
    ("a", "b", "text"),
    [
        ((2, 3), (2, 3), "bmm: a must have shape (N, I, P), got (2, 3)"),
        (
            (2, 3, 4),
            (2, 3, 4),
            "bmm: b must have shape (2, 4, J) because a has shape (2, 3, 4), got (2, 3, 4)",
        ),
    ],
)
def test_bmm_errors(a, b, text):
    with pytest.raises(ValueError) as raised:
        fnn.ops.bmm(np.zeros(a), np.zeros(b))
    assert str(raised.value) == text
