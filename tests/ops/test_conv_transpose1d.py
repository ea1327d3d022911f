"""conv_transpose1d: copies laid out, PyTorch's values and a training step of its layer, and its errors."""

from __future__ import annotations

import numpy as np
import pytest

import fastnn as fnn
from fastnn import nn, ops, optim

RNG = np.random.default_rng(6)


def lay_out(x, w, b, stride, padding, extra, groups, dilation):
    """conv_transpose1d in float64: each element lays a copy of the filter on the result."""
    n, c, length = x.shape
    _, depth, reach = w.shape
    y = np.zeros((n, depth * groups, (length - 1) * stride + dilation * (reach - 1) + 1 + extra))
    for channel in range(c):
        to = channel // (c // groups) * depth
        for i in range(length):
            for u in range(reach):
                y[:, to : to + depth, i * stride + u * dilation] += (
                    x[:, channel, i, None].astype("f8") * w[channel, :, u]
                )
    return y[:, :, padding[0] : y.shape[2] - padding[1]] + b[:, None]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("length", [1, 7, 8, 9, 15, 16, 17])
def test_values(length, dtype):
    for _ in range(6):
        groups = int(RNG.choice([1, 1, 2, 3]))
        depth, more, reach = (int(RNG.integers(1, 5)) for _ in range(3))
        stride, dilation = int(RNG.integers(1, 4)), int(RNG.integers(1, 3))
        extra = int(RNG.integers(0, max(stride, dilation)))
        left = (reach - 1) * dilation + extra
        padding = tuple(int(RNG.integers(0, left // 2 + 1)) for _ in range(2))
        x = RNG.standard_normal((2, depth * groups, length)).astype(dtype)
        w = RNG.standard_normal((depth * groups, more, reach)).astype(dtype)
        b = RNG.standard_normal(more * groups).astype(dtype)
        y = ops.conv_transpose1d(x, w, b, stride, padding, extra, groups, dilation)
        want = lay_out(x, w, b, stride, padding, extra, groups, dilation)
        assert y.dtype == dtype and y.shape == want.shape
        np.testing.assert_allclose(y, want, rtol=0, atol=1e-5 if dtype == "float32" else 1e-12)


def test_values_are_pytorchs():
    torch = pytest.importorskip("torch")
    x, w, b = (RNG.standard_normal(s) for s in ((2, 4, 9), (4, 3, 3), (6,)))
    for more in ((1, 0, 0, 2, 1), (2, 1, 1, 2, 1), (3, 2, 0, 2, 2)):
        want = torch.nn.functional.conv_transpose1d(*map(torch.tensor, (x, w, b)), *more)
        np.testing.assert_allclose(ops.conv_transpose1d(x, w, b, *more), want.numpy(), atol=1e-12)
    assert ops.conv_transpose1d(np.zeros((0, 4, 9)), w).shape == (0, 3, 11)


def test_a_step_of_training_is_pytorchs():
    torch = pytest.importorskip("torch")
    model = fnn.Model(
        [
            nn.ConvTranspose1d(4, 3, stride=2, padding=1, output_padding=1, groups=2, activation="tanh"),
            nn.Flatten(), nn.Dense(4, "softmax"),
        ],
        input_shape=(2, 5), dtype="float64", seed=2,
    )  # fmt: skip
    net = torch.nn.Sequential(
        torch.nn.ConvTranspose1d(2, 4, 3, 2, 1, 1, 2), torch.nn.Tanh(), torch.nn.Flatten(),
        torch.nn.Linear(40, 4),
    ).double()  # fmt: skip
    for ours, theirs in zip(model.parameters.values(), net.parameters(), strict=True):
        theirs.data = torch.from_numpy(ours.copy())
    x, y = RNG.standard_normal((6, 2, 5)), np.arange(6) % 4
    fnn.Trainer(model, optimizer=optim.SGD(0.5)).step(x, y)
    torch.nn.functional.cross_entropy(net(torch.from_numpy(x)), torch.from_numpy(y)).backward()
    for ours, theirs in zip(model.parameters.values(), net.parameters(), strict=True):
        want = (theirs - 0.5 * theirs.grad).detach().numpy()
        np.testing.assert_allclose(ours, want, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("shapes", "arguments", "error", "text"),
    [
        (((3, 4), (3, 2, 3)), {}, ValueError,
         "x must have shape (N, C, L), got (3, 4); put nn.Reshape before it"),
        (((1, 3, 4), (3, 2)), {}, ValueError, "w must have shape (C, K, KL), got (3, 2)"),
        (((1, 3, 4), (2, 3, 3)), {}, ValueError,
         "w must have shape (3, K, KL) because x has shape (1, 3, 4), got (2, 3, 3)"),
        (((1, 3, 4), (3, 2, 3)), {"groups": 2}, ValueError,
         "groups must divide the 3 channels of x, got 2"),
        (((1, 3, 4), (3, 2, 3), (3,)), {}, ValueError,
         "b must have shape (2,) because w has shape (3, 2, 3), got (3,)"),
        (((1, 3, 4), (3, 2, 3)), {"output_padding": 1}, ValueError,
         "output_padding must be below the stride or the dilation, 1, got 1"),
        (((1, 3, 4), (3, 2, 3)), {"output_padding": (1, 1)}, ValueError,
         "output_padding must be an integer, got (1, 1)"),
        (((1, 3, 1), (3, 2, 3)), {"padding": 2}, ValueError,
         "padding must leave at least 1 of the positions of the result, got -1; x has shape "
         "(1, 3, 1)"),
        (((1, 3, 4), (3, 2, 3)), {"padding": "same"}, TypeError,
         "padding must be an integer or (before, after), got 'same'"),
        (((1, 3, 4), (3, 2, 3)), {"padding": (1, 2, 3)}, ValueError,
         "padding must be an integer or (before, after), got (1, 2, 3)"),
        (((1, 3, 4), (3, 2, 3)), {"stride": 1.5}, TypeError, "stride must be an integer, got 1.5"),
        (((1, 3, 4), (3, 2, 3)), {"stride": True}, TypeError, "stride must be an integer, got True"),
        (((1, 3, 4), (3, 2, 3)), {"stride": 2**25}, ValueError,
         "stride must be at most 16777216, got 33554432"),
    ],
)  # fmt: skip
def test_errors(shapes, arguments, error, text):
    with pytest.raises(error) as raised:
        ops.conv_transpose1d(*(np.zeros(s, "f4") for s in shapes), **arguments)
    assert str(raised.value) == f"conv_transpose1d: {text}"
