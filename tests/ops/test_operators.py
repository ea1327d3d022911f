"""Operators of symbolic tensors describe the ops of the same meaning."""

import operator

import numpy as np
import pytest

from fastnn import _core
from fastnn.ops.tensor import Constant, Tensor

X = Tensor((None, 3), "float32", "x")


@pytest.mark.parametrize(
    ("function", "op"),
    [
        (operator.add, "add"),
        (operator.sub, "subtract"),
        (operator.mul, "multiply"),
        (operator.truediv, "divide"),
        (operator.pow, "power"),
    ],
)
def test_binary_operators_and_their_reflections(function, op):
    for y, tensor_at in ((function(X, 2.0), 0), (function(2.0, X), 1), (function(X, X), 0)):
        assert y.node.op == op
        assert y.node.inputs[tensor_at] is X
        assert y.shape == (None, 3) and y.dtype == "float32"
    y = function(np.ones((4, 1, 3)), X)
    assert y.shape == (4, None, 3)
    assert isinstance(y.node.inputs[0], Constant) and y.node.inputs[0].dtype == "float32"


def test_operator_with_other_than_numbers_is_a_type_error():
    with pytest.raises(TypeError) as raised:
        X + "a"
    assert str(raised.value) == "add: array must hold real numbers, got dtype <U1"


X3 = Tensor((None, 5, 4), "float32", "h")


@pytest.mark.parametrize(
    ("key", "shape"),
    [
        ((slice(None), -1), (None, 4)),
        ((slice(None), slice(1, 3)), (None, 2, 4)),
        ((slice(None), slice(None, None, -1)), (None, 5, 4)),
        ((slice(None), 0, 2), (None,)),
        ((slice(None), slice(None), slice(0, 4, 3)), (None, 5, 2)),
        (slice(None), (None, 5, 4)),
    ],
)
def test_indexing_describes_a_slice(key, shape):
    assert X3[key].shape == shape


def test_indexing_computes_what_numpy_does():
    x = np.arange(60.0).reshape(3, 5, 4)
    for key in ((slice(None), -1), (slice(None), slice(None, None, -2)), (slice(None), 1, 2)):
        y = X3[key]
        value, nodes = x, []
        while y.node is not None:
            nodes.append(y.node)
            y = y.node.inputs[0]
        for node in reversed(nodes):
            (value,) = _core.call(node.op, [value], node.attrs)
        np.testing.assert_array_equal(value, x[key])


@pytest.mark.parametrize(
    ("key", "error", "text"),
    [
        (0, ValueError, "h: the batch must be taken whole, got index 0; write x[:, i]"),
        (
            (slice(None), 5),
            ValueError,
            "h: index must be between -5 and 4, got 5",
        ),
        ("a", TypeError, "h: index must hold at most 3 integers or slices, got 'a'"),
        (
            (slice(None), True),
            TypeError,
            "h: index must hold at most 3 integers or slices, got (slice(None, None, None), True)",
        ),
        (
            (slice(None), np.True_),
            TypeError,
            "h: index must hold at most 3 integers or slices, got "
            f"(slice(None, None, None), {np.True_!r})",
        ),
        (
            (slice(None), np.int64(5)),
            ValueError,
            "h: index must be between -5 and 4, got 5",
        ),
        (
            slice(1, None),
            ValueError,
            "slice: the batch must be taken whole, because its length is not known yet",
        ),
    ],
)
def test_indexing_errors(key, error, text):
    with pytest.raises(error) as raised:
        X3[key]
    assert str(raised.value) == text


def test_integers_of_numpy_are_integers():
    for one in (np.int64(-2), np.uint8(3), np.int32(3)):
        y, want = X3[:, one, one - one : one], X3[:, 3, 0 : int(one)]
        assert y.shape == want.shape
        assert y.node.inputs[0].node.attrs == want.node.inputs[0].node.attrs


def test_tensors_are_not_walked_along():
    with pytest.raises(TypeError):
        iter(X3)
