"""Arrays joined along a new axis."""

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core
from laws import check_op, check_same_bits

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
@pytest.mark.parametrize("count", [1, 3])
def test_stack_values_and_gradient(count, axis):
    arrays = list(RNG.standard_normal((count, 5, 4)))
    check_op("stack", arrays, {"axis": axis}, np.stack(arrays, axis))


def test_stack_of_numbers():
    check_op("stack", [np.array(1.0), np.array(2.0)], {}, [1.0, 2.0])


def test_stack_same_bits_for_any_thread_count():
    check_same_bits("stack", list(RNG.standard_normal((3, 500, 600)).astype("f4")), {"axis": 1})


def test_stack_keeps_an_unknown_batch():
    out, _ = _core.infer("stack", "s", [(None, 3), (None, 3)], ["float32"] * 2, {"axis": 1})
    assert out[0][0] == (None, 2, 3)


@pytest.mark.parametrize(
    ("shapes", "axis", "text"),
    [
        ([], 0, "stack: tensors must hold at least 1 array, got none"),
        ([(1,) * 8] * 2, 0, "stack: tensors must have at most 7 axes, got 8"),
        (
            [(2, 3), (2, 4)],
            0,
            "stack: tensors[1] must have shape (2, 3) because tensors[0] has, got (2, 4)",
        ),
        (
            [(2, 3)],
            3,
            "stack: axis must be between -3 and 2 because tensors[0] has shape (2, 3), got 3",
        ),
    ],
)
def test_stack_errors(shapes, axis, text):
    with pytest.raises(ValueError) as raised:
        fnn.ops.stack([np.zeros(s) for s in shapes], axis=axis)
    assert str(raised.value) == text
