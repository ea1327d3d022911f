"""Two axes exchanged."""

import numpy as np
import pytest

import fastnn as fnn
from laws import check_op, check_same_bits

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("shape", "dim0", "dim1"),
    [
        ((1, 1), 0, 1),
        ((7, 9), 0, 1),
        ((33, 16), -1, -2),
        ((3, 4, 5), 0, 2),
        ((3, 4, 5), 1, 1),
        ((2, 3, 4, 5), 1, -2),
        ((0, 3), 0, 1),
    ],
)
def test_transpose_values_and_gradient(shape, dim0, dim1):
    x = RNG.standard_normal(shape)
    check_op("transpose", [x], {"dim0": dim0, "dim1": dim1}, x.swapaxes(dim0, dim1))


def test_transpose_default_is_the_last_two():
    x = RNG.standard_normal((2, 3, 4))
    np.testing.assert_array_equal(fnn.ops.transpose(x), x.swapaxes(-1, -2))


def test_transpose_same_bits_for_any_thread_count():
    check_same_bits("transpose", [RNG.standard_normal((700, 800)).astype("f4")], {})


def test_transpose_errors():
    with pytest.raises(ValueError) as raised:
        fnn.ops.transpose(np.zeros(3), 0, 1)
    assert str(raised.value) == (
        "transpose: dim1 must be between -1 and 0 because x has shape (3,), got 1"
    )
