"""Matrix times vector."""

import numpy as np
import pytest

import fastnn as fnn
from laws import check_op, check_same_bits

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(("m", "k"), [(1, 1), (7, 33), (17, 8), (0, 3), (3, 0)])
def test_matvec_values_and_gradient(m, k):
    a, b = RNG.standard_normal((m, k)), RNG.standard_normal(k)
    check_op("matvec", [a, b], {}, a @ b)


def test_matvec_same_bits_for_any_thread_count():
    a, b = RNG.standard_normal((700, 1100)).astype("f4"), RNG.standard_normal(1100).astype("f4")
    check_same_bits("matvec", [a, b], {})


@pytest.mark.parametrize(
    ("a", "b", "text"),
    [
        ((3,), (3,), "matvec: a must have shape (M, K), got (3,)"),
        (
            (2, 3),
            (2,),
            "matvec: b must have shape (3,) because a has shape (2, 3), got (2,)",
        ),
    ],
)
def test_matvec_errors(a, b, text):
    with pytest.raises(ValueError) as raised:
        fnn.ops.matvec(np.zeros(a), np.zeros(b))
    assert str(raised.value) == text
