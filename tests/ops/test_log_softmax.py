"""Logarithm of softmax over any axis. Its errors are tested with softmax's."""

import numpy as np
import pytest

import fastnn as fnn
from laws import ISAS, check_op, check_same_bits, using
from ops.test_softmax import SHAPES


def oracle(x, axis):
    if x.shape[axis] == 0:
        return x
    z = x - x.max(axis, keepdims=True)
    return z - np.log(np.exp(z).sum(axis, keepdims=True))


@pytest.mark.parametrize(("shape", "axis"), [*SHAPES, ((2, 5000), 1)])
def test_log_softmax_values_and_gradient(shape, axis):
    x = 3 * np.random.default_rng(0).standard_normal(shape)
    check_op("log_softmax", [x], {"axis": axis}, oracle(x, axis), gradient=x.size < 500)


@pytest.mark.parametrize(("shape", "axis"), SHAPES)
def test_log_softmax_is_torchs(shape, axis):
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(1).standard_normal(shape)
    dy = np.random.default_rng(2).standard_normal(shape)
    t = torch.tensor(x, requires_grad=True)
    t.log_softmax(axis).backward(torch.tensor(dy))
    (dx,) = fnn.ops.vjp("log_softmax", x, dy=dy, axis=axis)
    np.testing.assert_allclose(dx, t.grad.numpy(), rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("axis", [0, 1])
def test_log_softmax_of_huge_numbers_is_exact(axis):
    for isa in ISAS:
        with using(isa):
            x = np.array([[1e30, -1e30, 0], [-np.inf, 5, 5], [1e-45, 0, 0]], "f4")
            half, third = -np.log(2), -np.log(3)
            want = np.array([[0, -2e30, -1e30], [-np.inf, half, half], [third] * 3])
            y = fnn.ops.log_softmax(x if axis else x.T.copy(), axis=axis)
            np.testing.assert_allclose(y if axis else y.T, want, rtol=1e-6)


@pytest.mark.parametrize(("shape", "axis"), [((3001, 10), 1), ((37, 2049), 1), ((20, 30, 301), 1)])
def test_log_softmax_same_bits_for_any_thread_count(shape, axis):
    x = np.random.default_rng(0).standard_normal(shape).astype("f4")
    check_same_bits("log_softmax", [x], {"axis": axis})
