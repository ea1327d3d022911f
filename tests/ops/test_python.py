"""The op that code outside the core computes: its shape rule, and what it does without it."""

import numpy as np
import pytest

from fastnn import _core


def test_python_shapes_follow_the_batch():
    attrs = {"outputs": 2, "shape0": (-1, 3), "shape1": ()}
    out, _ = _core.infer("python", "p", [(None, 5)], ["float64"], attrs)
    assert out == [((None, 3), "float64"), ((), "float64")]
    y, z = _core.call("python", [np.zeros((7, 5))], attrs)
    assert y.shape == (7, 3) and z.shape == ()


def test_python_dtype_can_be_given():
    out, _ = _core.infer("python", "p", [(None,)], ["float32"], {"shape0": (-1,), "dtype": 2})
    assert out == [((None,), "int64")]


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_python_without_code_gives_nan_and_no_gradient(dtype):
    x = np.ones((2, 3), dtype)
    (y,) = _core.call("python", [x], {"shape0": (-1, 4)})
    assert y.dtype == x.dtype and y.shape == (2, 4) and np.isnan(y).all()
    (dx,) = _core.vjp("python", [x], {"shape0": (-1, 4)}, [y])
    np.testing.assert_array_equal(dx, np.zeros((2, 3)))
    (dx,) = _core.vjp("python", [x], {"shape0": (-1, 4)}, [y], start=[x])
    np.testing.assert_array_equal(dx, x)


@pytest.mark.parametrize(
    ("attrs", "text"),
    [
        ({"outputs": 5}, "p: outputs must be between 1 and 4, got 5"),
        ({"dtype": 4}, "p: dtype must be the number of a dtype, 0 to 3, got 4"),
        (
            {"shape0": (3, -1)},
            "p: shape0 must hold lengths >= 0, or -1 for the batch first, got -1 for axis 1",
        ),
        ({"shape0": (1,) * 9}, "p: shape0 must have at most 8 axes, got 9"),
    ],
)
def test_python_errors(attrs, text):
    with pytest.raises(ValueError) as raised:
        _core.infer("python", "p", [(None, 5)], ["float32"], attrs)
    assert str(raised.value) == text
