"""Operators of symbolic tensors describe the ops of the same meaning."""

import operator

import numpy as np
import pytest

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
