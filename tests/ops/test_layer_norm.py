"""Normalisation over the last axes."""

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core
from laws import check_op, check_same_bits

RNG = np.random.default_rng(0)


def oracle(x, weight, bias, eps=1e-5):
    axes = tuple(range(x.ndim - weight.ndim, x.ndim))
    mean, var = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    return (x - mean) / np.sqrt(var + eps) * weight + bias


@pytest.mark.parametrize("shape", [(3,), (2, 1), (4, 2), (3, 7), (2, 3, 8), (5, 9), (2, 16), (3, 17),
                                   (2, 33), (2, 300), (0, 5), (700, 3)])  # fmt: skip
def test_layer_norm_values_and_gradient(shape):
    x = RNG.standard_normal(shape) * 2 + 1
    weight, bias = RNG.standard_normal((2, shape[-1]))
    want = oracle(x, weight, bias)
    check_op("layer_norm", [x, weight, bias], {}, want, gradient=x.size < 200, rtol=1e-5, atol=1e-5)


def test_layer_norm_over_several_axes():
    x = RNG.standard_normal((3, 2, 3, 4))
    weight, bias = RNG.standard_normal((2, 2, 3, 4))
    check_op("layer_norm", [x, weight, bias], {"eps": 1e-3}, oracle(x, weight, bias, 1e-3))


def test_layer_norm_equals_torch():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    for shape, axes in [((4, 33), 1), ((2, 5, 16), 1), ((3, 2, 3, 4), 3), ((600, 10), 1)]:
        x = RNG.standard_normal(shape)
        weight, bias = RNG.standard_normal((2, *shape[-axes:]))
        for dtype, tolerance in (("f4", 3e-5), ("f8", 1e-10)):
            arrays = [a.astype(dtype) for a in (x, weight, bias)]
            t = [torch.tensor(a, requires_grad=True) for a in arrays]
            want = torch.nn.functional.layer_norm(t[0], shape[-axes:], t[1], t[2], 1e-4)
            y = fnn.ops.layer_norm(arrays[0], shape[-axes:], *arrays[1:], 1e-4)
            np.testing.assert_allclose(y, want.detach().numpy(), rtol=tolerance, atol=tolerance)
            dy = RNG.standard_normal(shape).astype(dtype)
            want.backward(torch.tensor(dy))
            for g, tensor in zip(
                _core.vjp("layer_norm", arrays, {"eps": 1e-4}, [dy]), t, strict=True
            ):
                np.testing.assert_allclose(
                    g, tensor.grad.numpy(), rtol=tolerance, atol=10 * tolerance
                )


def test_layer_norm_same_bits_for_any_thread_count():
    x = RNG.standard_normal((5000, 65)).astype("f4")
    weight, bias = RNG.standard_normal((2, 65)).astype("f4")
    check_same_bits("layer_norm", [x, weight, bias], {})


def test_layer_norm_errors():
    x = np.zeros((2, 3, 4), "f4")
    for shape, given in ((3, "(3,)"), ((3, 3), "(3, 3)"), ((), "()")):
        with pytest.raises(ValueError) as raised:
            fnn.ops.layer_norm(x, shape)
        assert str(raised.value) == (
            f"layer_norm: normalized_shape must be how the shape of x, (2, 3, 4), ends, got {given}"
        )
    with pytest.raises(ValueError) as raised:
        fnn.ops.layer_norm(x, 4, np.ones(3))
    assert str(raised.value) == (
        "layer_norm: weight must have shape (4,) as normalized_shape says, got (3,)"
    )
    with pytest.raises(ValueError) as raised:
        fnn.ops.layer_norm(x, 4, np.ones(4), np.ones(3))
    text = "layer_norm: bias must have shape (4,) as normalized_shape says, got (3,)"
    assert str(raised.value) == text
    with pytest.raises(ValueError) as raised:
        fnn.ops.layer_norm(x, 4, eps=-1)
    assert str(raised.value) == "layer_norm: eps must be > 0, got -1"
