"""A Plan runs image ops channels-last throughout: conversions cancel, values and gradients stay."""

import numpy as np
import pytest

import fastnn as fnn
from fastnn import nn, ops

RNG = np.random.default_rng(0)


class Scale(nn.Layer):
    """One learned number per channel."""

    def build(self, x):
        self.factor = self.parameter("factor", (x.shape[1], 1, 1), "ones")

    def forward(self, x):
        return x * self.factor


def steps_of(trainer, x, y):
    """Names of the steps of the trainer's plan, once it has made a step."""
    trainer.step(x, y)
    return trainer._objective.core.plan_info(len(x))["steps"]


def network(h):
    """Everything that keeps the order, between two convolutions."""
    a = nn.Conv2d(4, 3, padding="same", activation="relu", name="first")(h)
    b = ops.tanh(Scale(name="scale")(a) * 0.5)
    c = ops.concatenate([a, b], axis=1)
    c = ops.pad(c, (1, 0, 0, 2, 1, 1))
    c = nn.BatchNorm(name="norm")(c)
    c = ops.relu(c)
    c = nn.MaxPool2d(2, name="pool")(c)
    return nn.Conv2d(3, 3, name="last")(c)


def model():
    x = fnn.Input((2, 9, 8))
    return fnn.Model(x, nn.Dense(3, "softmax", name="out")(nn.Flatten()(network(x))), seed=3)


def test_conversions_cancel_but_at_both_ends():
    trainer = fnn.Trainer(model(), "cross_entropy", fnn.optim.SGD(0.1))
    steps = steps_of(trainer, RNG.random((4, 2, 9, 8)), RNG.integers(0, 3, 4))
    assert steps == [
        "channels_last", "conv2d", "reshape", "multiply", "multiply", "tanh", "concatenate", "pad",
        "batch_norm", "max_pool2d", "conv2d", "channels_first", "reshape", "linear",
        "softmax_cross_entropy",
    ]  # fmt: skip


def sequences():
    layers = [
        nn.Conv1d(4, 3, padding="same", activation="relu", name="first"),
        nn.MaxPool1d(2),
        nn.Conv1d(5, 3, activation="tanh", padding_mode="reflect", padding=1, name="second"),
        nn.GlobalAvgPool1d(),
        nn.Flatten(),
        nn.Dense(3, "softmax", name="out"),
    ]
    return fnn.Model(layers, input_shape=(2, 12), seed=3)


def test_a_network_of_sequences_is_turned_at_both_ends_too():
    """Activations behind the reshape of an image one pixel high are part of the convolution."""
    trainer = fnn.Trainer(sequences(), "cross_entropy", fnn.optim.SGD(0.1))
    steps = steps_of(trainer, RNG.random((4, 2, 12)), RNG.integers(0, 3, 4))
    assert [op for op in steps if op != "reshape"] == [
        "channels_last", "conv2d", "max_pool2d", "pad", "conv2d", "avg_pool2d", "channels_first",
        "linear", "softmax_cross_entropy",
    ]  # fmt: skip
    x = RNG.random((2, 2, 12)).astype("f4")
    h = x
    for layer in ("first", "second"):
        w, b = (np.array(trainer.model.parameters[f"{layer}.{n}"]) for n in ("weight", "bias"))
        if layer == "second":
            h = ops.tanh(ops.conv1d(ops.pad(h, (1, 1), mode="reflect"), w, b))
        else:
            h = ops.max_pool1d(ops.relu(ops.conv1d(h, w, b, padding=1)), 2)
    w, b = (np.array(trainer.model.parameters[f"out.{n}"]) for n in ("weight", "bias"))
    want = ops.softmax(ops.linear(h.mean(2), w, b))
    np.testing.assert_allclose(trainer.model.predict(x), want, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("make", "shape"), [(model, (2, 9, 8)), (sequences, (2, 12))])
def test_gradients_are_those_of_the_order_users_see(make, shape):
    """Inspection runs every node as the user wrote it, with both conversions around each image op."""
    m = make()
    trainer = fnn.Trainer(m, "cross_entropy", fnn.optim.SGD(0.1))
    x, y = RNG.random((4, *shape)).astype("f4"), RNG.integers(0, 3, 4)
    seen = trainer.inspect(x, y)
    before = {name: np.array(p) for name, p in m.parameters.items()}
    trainer.step(x, y)
    for name, p in m.parameters.items():
        np.testing.assert_allclose(
            before[name] - p, 0.1 * seen[name].grad, rtol=1e-4, atol=1e-7, err_msg=name
        )


@pytest.mark.parametrize("order", ["outputs", "both"])
def test_outputs_come_in_the_users_order(order):
    x = fnn.Input((3, 5, 6))
    h = nn.Conv2d(4, 3, name="conv")(x)
    outputs = (h, ops.relu(h)) if order == "both" else h
    m = fnn.Model(x, outputs, seed=1)
    images = RNG.random((2, 3, 5, 6)).astype("f4")
    w, b = m.parameters["conv.weight"], m.parameters["conv.bias"]
    want = ops.conv2d(images, np.array(w), np.array(b))
    got = m.predict(images)
    first = got[0] if order == "both" else got
    np.testing.assert_allclose(first, want, rtol=1e-5, atol=1e-6)
    if order == "both":
        np.testing.assert_allclose(got[1], np.maximum(want, 0), rtol=1e-5, atol=1e-6)


def test_one_number_per_channel_is_found_whatever_the_batch():
    x = fnn.Input((3, 4, 4))
    y = Scale(name="scale")(nn.Conv2d(3, 1, name="conv")(x))
    m = fnn.Model(x, nn.Conv2d(2, 1, name="last")(y), seed=1)
    m.parameters["scale.factor"][...] = np.array([1.0, -2.0, 0.5]).reshape(3, 1, 1)
    images = RNG.random((3, 3, 4, 4)).astype("f4")
    p = m.parameters
    h = ops.conv2d(images, np.array(p["conv.weight"]), np.array(p["conv.bias"]))
    want = ops.conv2d(
        h * np.array(p["scale.factor"]), np.array(p["last.weight"]), np.array(p["last.bias"])
    )
    for n in (1, 3):
        np.testing.assert_allclose(m.predict(images[:n]), want[:n], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "second",
    [
        lambda h: h - ops.mean(h, axis=(2, 3), keepdims=True),
        lambda h: h * ops.mean(h, axis=(1, 2, 3), keepdims=True),
        lambda h: (
            h * ops.reshape(nn.Dense(8, "sigmoid")(ops.mean(h, axis=(2, 3))), (None, 8, 1, 1))
        ),
        ops.channels_first,
        lambda h: ops.mean(h + np.ones((1, 1, 1, 1, 1), "f4"), axis=0),
    ],
    ids=["per sample and channel", "per sample", "excitation", "turned twice", "another rank"],
)
def test_what_is_not_per_channel_keeps_its_order(second):
    x = fnn.Input((3, 6, 7), name="image")
    h = nn.Conv2d(8, 3, padding="same", name="conv")(x)
    y = second(h)
    m = fnn.Model(x, y, seed=1)
    images = RNG.random((2, 3, 6, 7)).astype("f4")
    w, b = (np.array(m.parameters[f"conv.{p}"]) for p in ("weight", "bias"))
    plain = ops.conv2d(images, w, b, padding="same")
    if "dense1.weight" in m.parameters:
        k, c = (np.array(m.parameters[f"dense1.{p}"]) for p in ("weight", "bias"))
        gate = 1 / (1 + np.exp(-(plain.mean((2, 3)) @ k.T + c)))
        want = plain * gate[:, :, None, None]
    else:
        want = np.asarray(second(plain))
    np.testing.assert_allclose(m.predict(images), want, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
def test_borders_of_what_is_inside_keep_the_order(mode):
    options = {"padding": (1, 2, 0, 1), "padding_mode": mode, "flip": True}
    layers = [
        nn.Conv2d(4, 3, name="first", **options),
        nn.Pad((1, 0, 2, 1), mode),
        nn.Conv2d(3, 3, name="last", **options),
        nn.Flatten(),
        nn.Dense(3, "softmax"),
    ]
    m = fnn.Model(layers, input_shape=(2, 7, 6), seed=3)
    trainer = fnn.Trainer(m, "cross_entropy", fnn.optim.SGD(0.1))
    x, y = RNG.random((4, 2, 7, 6)).astype("f4"), RNG.integers(0, 3, 4)
    seen = trainer.inspect(x, y)
    before = {name: np.array(p) for name, p in m.parameters.items()}
    steps = steps_of(trainer, x, y)
    assert steps[:7] == [
        "pad", "channels_last", "conv2d", "pad", "pad", "conv2d", "channels_first",
    ]  # fmt: skip
    for name, p in m.parameters.items():
        np.testing.assert_allclose(
            before[name] - p, 0.1 * seen[name].grad, rtol=1e-4, atol=1e-7, err_msg=name
        )
