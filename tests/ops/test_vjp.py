"""`vjp` by hand: a gradient for each output, where None stands for zeros."""

from __future__ import annotations

import numpy as np
import pytest

import fastnn as fnn

X = np.array([[1.0, 2.0, 3.0], [0.0, -1.0, 4.0]])
G = np.ones((2, 3))
COST = {"integers": (1,)}


def test_none_stands_for_zeros():
    y = [0, 1]
    got, _ = fnn.ops.vjp("softmax_cross_entropy", X, y, dy=[1.0, None], **COST)
    want, _ = fnn.ops.vjp("softmax_cross_entropy", X, y, dy=[1.0, 0 * G], **COST)
    assert np.array_equal(got, want) and got.any()
    got, _ = fnn.ops.vjp("softmax_cross_entropy", X, y, dy=[None, X], **COST)
    want, _ = fnn.ops.vjp("softmax_cross_entropy", X, y, dy=[0.0, X], **COST)
    np.testing.assert_allclose(got, want, rtol=1e-12)


SIGMOID = "sigmoid: dy must hold 1 gradient as the op has 1 output, got "
CROSS = "softmax_cross_entropy: dy must hold 2 gradients as the op has 2 outputs, got "
GIVEN = "dy must hold at least 1 gradient that is not None, got None"


@pytest.mark.parametrize(
    ("operands", "dy", "text"),
    [
        (("sigmoid", X), None, f"sigmoid: {GIVEN}"),
        (("sigmoid", X), [None], f"sigmoid: {GIVEN}"),
        (("sigmoid", X), [G, G, G], f"{SIGMOID}3"),
        (("sigmoid", X), [G, None], f"{SIGMOID}2"),
        (("softmax_cross_entropy", X, [0, 1]), 1.0, f"{CROSS}1"),
        (("softmax_cross_entropy", X, [0, 1]), None, f"{CROSS}1"),
        (("softmax_cross_entropy", X, [0, 1]), [1.0, G, G], f"{CROSS}3"),
        (
            ("softmax_cross_entropy", X, [0, 1]),
            [None, None],
            f"softmax_cross_entropy: {GIVEN} for each output",
        ),
    ],
)
def test_gradients_are_counted(operands, dy, text):
    more = COST if len(operands) == 3 else {}
    with pytest.raises(ValueError) as error:
        fnn.ops.vjp(*operands, dy=dy, **more)
    assert str(error.value) == text


def test_the_op_is_a_name():
    with pytest.raises(TypeError) as error:
        fnn.ops.vjp(3, X, dy=G)
    assert str(error.value) == "vjp: op must be the name of an op, got 3"
