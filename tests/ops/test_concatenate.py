"""Arrays joined along an axis."""

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core
from laws import check_op, check_same_bits

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
@pytest.mark.parametrize("lengths", [(3,), (1, 7), (2, 0, 9, 1, 5)])
def test_concatenate_values_and_gradient(lengths, axis):
    arrays = []
    for length in lengths:
        shape = [2, 3, 4]
        shape[axis] = length
        arrays.append(RNG.standard_normal(shape))
    check_op("concatenate", arrays, {"axis": axis}, np.concatenate(arrays, axis))


@pytest.mark.parametrize("axis", [0, 1])
def test_concatenate_same_bits_for_any_thread_count(axis):
    arrays = list(RNG.standard_normal((3, 500, 600)).astype("f4"))
    check_same_bits("concatenate", arrays, {"axis": axis})


def test_concatenate_joins_features_of_an_unknown_batch():
    out, _ = _core.infer("concatenate", "c", [(None, 3), (None, 4)], ["float32"] * 2, {"axis": 1})
    assert out[0][0] == (None, 7)
    with pytest.raises(ValueError) as raised:
        _core.infer("concatenate", "c", [(None, 3), (None, 3)], ["float32"] * 2, {"axis": 0})
    assert str(raised.value) == (
        "c: axis must not be the batch, whose length is not known yet, got 0"
    )


@pytest.mark.parametrize(
    ("shapes", "axis", "text"),
    [
        ([], 0, "concatenate: tensors must hold at least 1 array, got none"),
        (
            [(2, 3), (2, 4)],
            0,
            "concatenate: tensors[1] must have shape (2, 3) but for the axis joined, got (2, 4)",
        ),
        (
            [(2, 3), (2,)],
            0,
            "concatenate: tensors[1] must have shape (2, 3) but for the axis joined, got (2,)",
        ),
        (
            [(2, 3)],
            2,
            "concatenate: axis must be between -2 and 1 because tensors[0] has shape (2, 3), got 2",
        ),
    ],
)
def test_concatenate_errors(shapes, axis, text):
    with pytest.raises(ValueError) as raised:
        fnn.ops.concatenate([np.zeros(s) for s in shapes], axis=axis)
    assert str(raised.value) == text


@pytest.mark.parametrize("op", ["concatenate", "stack"])
def test_joined_dtypes_must_be_one(op):
    with pytest.raises(TypeError) as raised:
        _core.call(op, [np.zeros(2), np.zeros(2, "f4")], {})
    assert str(raised.value) == (
        f"{op}: tensors[1] must be float64 because tensors[0] is, got float32"
    )
