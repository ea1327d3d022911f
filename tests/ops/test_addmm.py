"""Matrix product added to a matrix."""

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core
from laws import check_op, check_same_bits

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(("beta", "alpha"), [(1.0, 1.0), (0.5, -2.0), (0.0, 3.0), (0.0, 1.0)])
@pytest.mark.parametrize("c", [(7, 9), (9,), (7, 1), (1, 9), ()])
def test_addmm_values_and_gradient(c, beta, alpha):
    a, b, c = RNG.standard_normal((7, 5)), RNG.standard_normal((5, 9)), RNG.standard_normal(c)
    attrs = {"beta": beta, "alpha": alpha}
    check_op("addmm", [c, a, b], attrs, beta * c + alpha * (a @ b))


def test_addmm_does_not_read_c_where_beta_is_zero():
    y = fnn.ops.addmm(np.nan, [[1.0]], [[2.0]], beta=0)
    assert y.tolist() == [[2.0]]


def test_addmm_same_bits_for_any_thread_count():
    a, b = (
        RNG.standard_normal((300, 200)).astype("f4"),
        RNG.standard_normal((200, 400)).astype("f4"),
    )
    for c in ((300, 400), (400,), (300, 1), ()):
        c = np.asarray(RNG.standard_normal(c), "f4")
        check_same_bits("addmm", [c, a, b], {"alpha": 0.5})


@pytest.mark.parametrize(
    ("c", "a", "b", "text"),
    [
        ((3,), (3,), (3, 3), "addmm: a must have shape (M, P), got (3,)"),
        (
            (3,),
            (2, 3),
            (2, 3),
            "addmm: b must have shape (3, K) because a has shape (2, 3), got (2, 3)",
        ),
        (
            (2,),
            (2, 3),
            (3, 4),
            "addmm: c must have a shape that broadcasts to (2, 4), the shape of a b, got (2,)",
        ),
    ],
)
def test_addmm_errors(c, a, b, text):
    with pytest.raises(ValueError) as raised:
        fnn.ops.addmm(np.zeros(c), np.zeros(a), np.zeros(b))
    assert str(raised.value) == text


def test_addmm_dtype_errors():
    z = np.zeros((2, 2))
    for i, name in ((0, "c"), (2, "b")):
        inputs = [z, z, z]
        inputs[i] = z.astype("f4")
        with pytest.raises(TypeError) as raised:
            _core.call("addmm", inputs, {})
        assert str(raised.value) == f"addmm: {name} must be float64 because a is, got float32"
