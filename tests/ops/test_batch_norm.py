"""Batch normalisation."""

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core
from laws import ISAS, cast, check_same_bits, using
from oracle import check_gradient

RNG = np.random.default_rng(0)
CHANNELS = [1, 2, 3, 7, 8, 9, 16, 17, 33, 127, 128, 129, 260]
RELU = 3


def operands(rows, channels):
    x = RNG.standard_normal((*rows, channels)) * (0.5 + RNG.random(channels))
    x += RNG.standard_normal(channels)
    weight, bias, mean = RNG.standard_normal((3, channels))
    return [x, weight, bias, mean, 0.5 + RNG.random(channels)]


def oracle(x, weight, bias, mean, var, *residual, training, momentum=0.1, eps=1e-5, activation=0):
    axes = tuple(range(x.ndim - 1))
    count = x.size / x.shape[-1]
    new_mean, new_var = mean, var
    if training:
        mean, var = x.mean(axes), x.var(axes)
        new_mean = (1 - momentum) * new_mean + momentum * mean
        new_var = (1 - momentum) * new_var + momentum * var * count / (count - 1)
    y = sum(residual, (x - mean) / np.sqrt(var + eps) * weight + bias)
    return np.maximum(y, 0) if activation else y, new_mean, new_var


def residual_of(x):
    """The sum that a Plan puts into the op."""
    return RNG.standard_normal(x.shape)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("channels", CHANNELS)
def test_batch_norm_values(channels, training):
    for rows in ((2,), (3, 5), (4, 9, 11), (70, 13, 3)):
        five = operands(rows, channels)
        for activation, more in ((0, []), (RELU, []), (0, five[:1]), (RELU, five[:1])):
            inputs = cast([*five, *map(residual_of, more)], "f4")
            attrs = {"momentum": 0.3, "eps": 1e-3, "activation": activation}
            want = oracle(*cast(inputs, "f8"), training=training, **attrs)
            for isa in ISAS:
                with using(isa):
                    assert _core.op_isa("batch_norm") == isa
                    for dtype, tolerance in (("f4", 4e-6), ("f8", 1e-12)):
                        got = _core.call(
                            "batch_norm", cast(inputs, dtype), attrs, training=training
                        )
                        for y, expected in zip(got, want, strict=True):
                            np.testing.assert_allclose(
                                y,
                                expected,
                                rtol=tolerance,
                                atol=tolerance,
                                err_msg=f"{isa} {dtype}",
                            )


@pytest.mark.parametrize("activation", [0, RELU])
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("adds", [False, True])
@pytest.mark.parametrize(("rows", "channels"), [((5,), 3), ((2, 3), 1), ((2, 2, 3), 9), ((3,), 17)])
def test_batch_norm_gradient(rows, channels, training, activation, adds):
    """For all operands, through all three outputs."""
    five = operands(rows, channels)
    for isa in ISAS:
        with using(isa):
            check_gradient(
                "batch_norm",
                [*five, residual_of(five[0])] if adds else five,
                {"momentum": 0.3, "activation": activation},
                training=training,
                rtol=1e-5,
            )


def test_batch_norm_gradient_of_the_running_statistics_alone():
    inputs = operands((6,), 3)
    dmean, dvar = RNG.standard_normal((2, 3))
    attrs = {"momentum": 0.3}
    grads = _core.vjp("batch_norm", inputs, attrs, [None, dmean, dvar], training=True)
    want = 0.3 * dmean / 6 + 0.3 * dvar * 2 * (inputs[0] - inputs[0].mean(0)) / 5
    np.testing.assert_allclose(grads[0], want, rtol=1e-12)
    np.testing.assert_array_equal(grads[1], 0)
    np.testing.assert_allclose(grads[3], 0.7 * dmean, rtol=1e-14)
    inputs.append(residual_of(inputs[0]))
    for activation in (0, RELU):
        attrs["activation"] = activation
        *same, of_residual = _core.vjp(
            "batch_norm", inputs, attrs, [None, dmean, dvar], training=True
        )
        for a, b in zip(same, grads, strict=True):
            np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(of_residual, 0)


@pytest.mark.parametrize("activation", [0, RELU])
def test_batch_norm_adds_to_gradients_of_the_residual(activation):
    inputs = cast(operands((3, 5), 19), "f4")
    inputs.append(residual_of(inputs[0]).astype("f4"))
    dy = [RNG.standard_normal(inputs[0].shape).astype("f4"), None, None]
    start = [RNG.standard_normal(a.shape).astype("f4") for a in inputs]
    attrs = {"activation": activation}
    grads = _core.vjp("batch_norm", inputs, attrs, dy, training=True)
    more = _core.vjp("batch_norm", inputs, attrs, dy, start=start, training=True)
    for a, s, g in zip(more, start, grads, strict=True):
        np.testing.assert_allclose(a, s + g, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("channels", [1, 16, 200])
@pytest.mark.parametrize("offset", [0.0, 1000.0])
def test_batch_norm_sums_are_accurate(channels, offset):
    """float32 statistics of 128 images of 32 x 32, far from 0 too."""
    shape = (131072, channels) if channels < 100 else (8192, channels)
    x = (RNG.standard_normal(shape) + offset).astype("f4")
    zeros, ones = np.zeros(channels, "f4"), np.ones(channels, "f4")
    _, mean, var = _core.call(
        "batch_norm", [x, ones, zeros, zeros, zeros], {"momentum": 1.0}, training=True
    )
    wide = x.astype("f8")
    np.testing.assert_allclose(mean, wide.mean(0), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(var, wide.var(0, ddof=1), rtol=1e-6)


def test_batch_norm_keeps_nan_in_its_channel():
    x, *others = operands((40, 3), 17)
    x[7, 1, 4] = np.nan
    x[9, 1, 11] = np.inf
    y, mean, var = _core.call("batch_norm", [x, *others], {}, training=True)
    for channel in range(17):
        found = channel in (4, 11)
        assert np.isnan(y[..., channel]).any() == found
        assert np.isfinite(mean[channel]) != found and np.isfinite(var[channel]) != found


def test_batch_norm_of_equal_numbers():
    x = np.full((50, 3), 0.1, "f4")
    ones, zeros = np.ones(3, "f4"), np.zeros(3, "f4")
    y, mean, var = _core.call("batch_norm", [x, ones, zeros, zeros, ones], {}, training=True)
    np.testing.assert_allclose(y, 0, atol=1e-5)
    np.testing.assert_allclose(var, 0.9, rtol=1e-6)


def test_batch_norm_equals_torch():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    F = torch.nn.functional
    for i in range(40):
        shape = [(5, 33), (2, 7, 9), (3, 16, 5, 4), (2, 3, 2, 3, 2), (2, 129, 3, 3)][i % 5]
        training, channels = bool(i % 2), shape[1]
        x = RNG.standard_normal(shape)
        weight, bias, mean = RNG.standard_normal((3, channels))
        var = 0.5 + RNG.random(channels)
        for dtype, tolerance in (("f4", 2e-5), ("f8", 1e-10)):
            arrays = [a.astype(dtype) for a in (x, weight, bias, mean, var)]
            tensors = [torch.tensor(a, requires_grad=k < 3) for k, a in enumerate(arrays)]
            want = F.batch_norm(
                tensors[0], tensors[3], tensors[4], tensors[1], tensors[2], training, 0.2, 1e-4
            )
            x_, weight_, bias_, mean_, var_ = arrays
            y, new_mean, new_var = fnn.ops.batch_norm(
                x_, mean_, var_, weight_, bias_, training, 0.2, 1e-4
            )
            np.testing.assert_allclose(y, want.detach().numpy(), rtol=tolerance, atol=tolerance)
            np.testing.assert_allclose(new_mean, tensors[3].numpy(), rtol=tolerance, atol=tolerance)
            np.testing.assert_allclose(new_var, tensors[4].numpy(), rtol=tolerance, atol=tolerance)
            dy = RNG.standard_normal(shape).astype(dtype)
            want.backward(torch.tensor(dy))
            grads = _core.vjp(
                "batch_norm",
                [np.ascontiguousarray(np.moveaxis(x_, 1, -1)), *arrays[1:]],
                {"momentum": 0.2, "eps": 1e-4},
                [np.ascontiguousarray(np.moveaxis(dy, 1, -1)), None, None],
                training=training,
            )
            for g, t in zip((np.moveaxis(grads[0], -1, 1), *grads[1:3]), tensors, strict=False):
                np.testing.assert_allclose(g, t.grad.numpy(), rtol=tolerance, atol=tolerance)


def test_batch_norm_without_weight_and_bias():
    x = RNG.standard_normal((5, 3, 4))
    mean, var = RNG.standard_normal(3), 0.5 + RNG.random(3)
    y, same_mean, same_var = fnn.ops.batch_norm(x, mean, var)
    want = (x - mean[:, None]) / np.sqrt(var[:, None] + 1e-5)
    np.testing.assert_allclose(y, want, rtol=1e-12)
    np.testing.assert_array_equal(same_mean, mean)
    np.testing.assert_array_equal(same_var, var)


@pytest.mark.parametrize("channels", [1, 3, 16, 300])
def test_batch_norm_same_bits_for_any_thread_count(channels):
    inputs = cast(operands((60000 // channels + 7, 5), channels), "f4")
    check_same_bits("batch_norm", inputs, {"activation": RELU}, training=True)
    inputs.append(residual_of(inputs[0]).astype(inputs[0].dtype))
    check_same_bits("batch_norm", inputs, {"activation": RELU}, training=True)


def test_batch_norm_no_rows():
    inputs = operands((0, 4), 3)
    y, mean, var = _core.call("batch_norm", inputs, {}, training=True)
    assert y.shape == (0, 4, 3)
    np.testing.assert_array_equal(mean, inputs[3])
    np.testing.assert_array_equal(var, inputs[4])


X = np.zeros((4, 2, 3), "f4")
TWO = np.ones(2, "f4")


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (
            {"x": np.zeros(3)},
            "x must have a batch axis and channels, (N, C, ...), got shape (3,)",
        ),
        (
            {"running_mean": np.zeros(3)},
            "running_mean must have shape (2,) because x has 2 channels, got (3,)",
        ),
        (
            {"weight": np.zeros((2, 1))},
            "weight must have shape (2,) because x has 2 channels, got (2, 1)",
        ),
        ({"momentum": 1.5}, "momentum must be between 0 and 1, got 1.5"),
        ({"eps": 0.0}, "eps must be > 0, got 0"),
        (
            {"x": np.zeros((1, 2, 1, 1)), "training": True},
            "x must have more than 1 value per channel in training, got shape (1, 2, 1, 1); choose "
            "a batch size that leaves no last batch of 1",
        ),
    ],
)
def test_batch_norm_errors(given, text):
    arguments = {"x": X, "running_mean": TWO, "running_var": TWO} | given
    with pytest.raises(ValueError) as raised:
        fnn.ops.batch_norm(**arguments)
    assert str(raised.value) == "batch_norm: " + text


def test_batch_norm_fuses_relu_alone():
    with pytest.raises(ValueError) as raised:
        _core.call("batch_norm", [np.zeros((4, 2)), *[np.ones(2)] * 4], {"activation": 2})
    assert str(raised.value) == "batch_norm: activation must be 0 (none) or 3 (relu), got 2"
    with pytest.raises(TypeError) as raised_type:
        _core.call("batch_norm", [np.zeros((4, 2), "f4"), *[np.ones(2)] * 4], {})
    assert str(raised_type.value) == "batch_norm: weight must be float32 because x is, got float64"
    with pytest.raises(ValueError) as raised:
        _core.call("batch_norm", [np.zeros((4, 2)), *[np.ones(2)] * 4, np.zeros((4, 3))], {})
    assert str(raised.value) == (
        "batch_norm: residual must be float64 of shape (4, 2) as x is, got float64 of (4, 3)"
    )
