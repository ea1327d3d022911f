"""Normalisation over groups of channels."""

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core
from laws import check_op, check_same_bits
from oracle import check_gradient

RNG = np.random.default_rng(0)


def oracle(x, weight, bias, groups, eps=1e-5):
    n, c = x.shape[0], x.shape[-1]
    rows = np.moveaxis(x.reshape(n, -1, groups, c // groups), 2, 1).reshape(n, groups, -1)
    rows = (rows - rows.mean(2, keepdims=True)) / np.sqrt(rows.var(2, keepdims=True) + eps)
    y = np.moveaxis(rows.reshape(n, groups, -1, c // groups), 1, 2).reshape(x.shape)
    return y * weight + bias


@pytest.mark.parametrize(
    ("shape", "groups"),
    [
        ((2, 3, 5, 1), 1),
        ((3, 4, 3), 3),
        ((2, 3, 3, 7), 1),
        ((1, 5, 2, 8), 2),
        ((2, 9, 9), 3),
        ((2, 4, 4, 16), 16),
        ((2, 5, 17), 17),
        ((2, 3, 33), 11),
        ((2, 7, 128), 4),
        ((2, 3, 132), 33),
        ((4, 6), 2),
        ((0, 4, 6), 2),
        ((3, 0, 6), 2),
    ],
)
def test_group_norm_values_and_gradient(shape, groups):
    x = RNG.standard_normal(shape) * 2 + 1
    weight, bias = RNG.standard_normal((2, shape[-1]))
    with np.errstate(invalid="ignore"):
        want = oracle(x, weight, bias, groups) if x.size else x
    attrs = {"num_groups": groups}
    inputs = [x, weight, bias]
    check_op("group_norm", inputs, attrs, want, gradient=False, rtol=1e-5, atol=1e-5)
    if x.size < 200:
        check_gradient("group_norm", inputs, attrs, rtol=1e-5)


def test_group_norm_is_accurate_far_from_zero():
    x = (RNG.standard_normal((1, 4096, 4)) + 1000).astype("f4")
    ones, zeros = np.ones(4, "f4"), np.zeros(4, "f4")
    (y,) = _core.call("group_norm", [x, ones, zeros], {"num_groups": 2})
    np.testing.assert_allclose(y, oracle(x.astype("f8"), ones, zeros, 2), rtol=1e-4, atol=1e-4)


def test_group_norm_and_instance_norm_equal_torch():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    F = torch.nn.functional
    for shape, groups in [((2, 6, 5, 4), 3), ((3, 8, 7), 8), ((2, 33, 2, 3), 1), ((5, 12), 4)]:
        x = RNG.standard_normal(shape)
        weight, bias = RNG.standard_normal((2, shape[1]))
        for dtype, tolerance in (("f4", 2e-5), ("f8", 1e-10)):
            arrays = [a.astype(dtype) for a in (x, weight, bias)]
            t = [torch.tensor(a, requires_grad=True) for a in arrays]
            want = F.group_norm(t[0], groups, t[1], t[2], 1e-4)
            y = fnn.ops.group_norm(arrays[0], groups, *arrays[1:], 1e-4)
            np.testing.assert_allclose(y, want.detach().numpy(), rtol=tolerance, atol=tolerance)
            dy = RNG.standard_normal(shape).astype(dtype)
            want.backward(torch.tensor(dy))
            dx, *others = _core.vjp(
                "group_norm",
                [np.ascontiguousarray(np.moveaxis(arrays[0], 1, -1)), *arrays[1:]],
                {"num_groups": groups, "eps": 1e-4},
                [np.ascontiguousarray(np.moveaxis(dy, 1, -1))],
            )
            for g, tensor in zip((np.moveaxis(dx, -1, 1), *others), t, strict=True):
                np.testing.assert_allclose(g, tensor.grad.numpy(), rtol=tolerance, atol=tolerance)
            if len(shape) > 2:
                want = F.instance_norm(t[0], weight=t[1], bias=t[2], eps=1e-4).detach().numpy()
                y = fnn.ops.instance_norm(*arrays, 1e-4)
                np.testing.assert_allclose(y, want, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("channels", [3, 16, 132])
def test_group_norm_same_bits_for_any_thread_count(channels):
    x = RNG.standard_normal((40, 20, 20, channels)).astype("f4")
    weight, bias = RNG.standard_normal((2, channels)).astype("f4")
    check_same_bits("group_norm", [x, weight, bias], {"num_groups": 1})


X = np.zeros((4, 6, 3), "f4")


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"num_groups": 4}, "num_groups must divide the 6 channels of x, got 4"),
        ({"num_groups": 0}, "num_groups must divide the 6 channels of x, got 0"),
        (
            {"weight": np.ones(5)},
            "weight must have shape (6,) because x has 6 channels, got (5,)",
        ),
        ({"eps": 0.0}, "eps must be > 0, got 0"),
    ],
)
def test_group_norm_errors(given, text):
    with pytest.raises(ValueError) as raised:
        fnn.ops.group_norm(X, **({"num_groups": 2} | given))
    assert str(raised.value) == "group_norm: " + text


def test_instance_norm_error():
    with pytest.raises(ValueError) as raised:
        fnn.ops.instance_norm(np.zeros((2, 3)))
    assert str(raised.value) == (
        "instance_norm: x must have shape (N, C, ...) with pixels, got (2, 3)"
    )


def test_group_norm_needs_two_values_in_training():
    with pytest.raises(ValueError) as raised:
        _core.call(
            "group_norm",
            [np.zeros((2, 1, 1, 3)), np.ones(3), np.ones(3)],
            {"num_groups": 3},
            training=True,
        )
    assert str(raised.value) == (
        "group_norm: x must have more than 1 value per group in training, got shape (2, 3, 1, 1)"
    )


def test_errors_have_the_name_of_what_was_called():
    with pytest.raises(ValueError) as raised:
        fnn.ops.instance_norm(np.zeros((1, 2, 3)), eps=-1)
    assert str(raised.value) == "instance_norm: eps must be > 0, got -1"
    with pytest.raises(TypeError) as raised:
        fnn.ops.batch_norm(np.zeros((3, 2)), None, np.ones(2))
    assert str(raised.value) == (
        "batch_norm: running_mean must be an array of shape (C,), got None"
    )
    with pytest.raises(ValueError) as raised:
        fnn.ops.instance_norm(np.zeros((2, 3, 4)), bias=np.ones(4))
    assert str(raised.value) == (
        "instance_norm: bias must have shape (3,) because x has 3 channels, got (4,)"
    )
    with pytest.raises(TypeError) as raised:
        fnn.ops.layer_norm(np.zeros((2, 3)), 3, "a")
    assert str(raised.value) == "layer_norm: weight must hold real numbers, got dtype <U1"
