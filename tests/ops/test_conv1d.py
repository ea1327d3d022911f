"""conv1d: sums written out, PyTorch's values and a training step of its layer, and its errors."""

from __future__ import annotations

import numpy as np
import pytest

import fastnn as fnn
from fastnn import nn, optim

RNG = np.random.default_rng(5)


def slow(x, w, b, stride, padding, dilation, groups):
    """conv1d in float64, one product at a time."""
    x = np.pad(np.asarray(x, "f8"), ((0, 0), (0, 0), padding))
    filters, depth, reach = w.shape
    length = (x.shape[2] - (reach - 1) * dilation - 1) // stride + 1
    y = np.zeros((len(x), filters, length))
    for k in range(filters):
        first = k // (filters // groups) * depth
        for i in range(length):
            seen = x[:, first : first + depth, i * stride :][
                :, :, : (reach - 1) * dilation + 1 : dilation
            ]
            y[:, k, i] = (seen * w[k]).sum((1, 2)) + b[k]
    return y


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("length", [1, 7, 8, 9, 15, 16, 17, 50])
def test_values(length, dtype):
    for _ in range(6):
        groups = int(RNG.choice([1, 1, 2, 3]))
        depth, more, reach = (int(RNG.integers(1, 5)) for _ in range(3))
        stride, dilation = int(RNG.integers(1, 4)), int(RNG.integers(1, 3))
        padding = tuple(int(p) for p in RNG.integers(0, 3, 2) + (reach - 1) * dilation)
        x = RNG.standard_normal((2, depth * groups, length)).astype(dtype)
        w = RNG.standard_normal((more * groups, depth, reach)).astype(dtype)
        b = RNG.standard_normal(more * groups).astype(dtype)
        y = fnn.ops.conv1d(x, w, b, stride, padding, dilation, groups)
        want = slow(x, w, b, stride, padding, dilation, groups)
        assert y.dtype == dtype and y.shape == want.shape
        np.testing.assert_allclose(y, want, rtol=0, atol=1e-5 if dtype == "float32" else 1e-12)


def test_names_of_paddings_and_flip():
    x, w = RNG.standard_normal((1, 1, 9)), RNG.standard_normal((1, 1, 4))
    for name, mode in (("full", "full"), ("valid", "valid")):
        y = fnn.ops.conv1d(x, w, padding=name, flip=True)
        np.testing.assert_allclose(y[0, 0], np.convolve(x[0, 0], w[0, 0], mode), atol=1e-12)
    assert fnn.ops.conv1d(x, w, padding="same", stride=2).shape == (1, 1, 5)
    assert fnn.ops.conv1d(np.zeros((0, 1, 9)), w).shape == (0, 1, 6)


def test_a_step_of_training_is_pytorchs():
    torch = pytest.importorskip("torch")
    model = fnn.Model(
        [nn.Conv1d(5, 3, stride=2, padding=1, activation="tanh"), nn.Flatten(), nn.Dense(4, "softmax")],
        input_shape=(3, 11), dtype="float64", seed=2,
    )  # fmt: skip
    net = torch.nn.Sequential(
        torch.nn.Conv1d(3, 5, 3, 2, 1), torch.nn.Tanh(), torch.nn.Flatten(), torch.nn.Linear(30, 4)
    ).double()
    for ours, theirs in zip(model.parameters.values(), net.parameters(), strict=True):
        theirs.data = torch.from_numpy(ours.copy())
    x, y = RNG.standard_normal((6, 3, 11)), np.arange(6) % 4
    fnn.Trainer(model, optimizer=optim.SGD(0.5)).step(x, y)
    torch.nn.functional.cross_entropy(net(torch.from_numpy(x)), torch.from_numpy(y)).backward()
    for ours, theirs in zip(model.parameters.values(), net.parameters(), strict=True):
        want = (theirs - 0.5 * theirs.grad).detach().numpy()
        np.testing.assert_allclose(ours, want, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("shapes", "arguments", "text"),
    [
        (((3, 10), (4, 3, 5)), {},
         "x must have shape (N, C, L), got (3, 10); put nn.Reshape before it"),
        (((2, 3, 10), (3, 5)), {}, "w must have shape (K, C, KL), got (3, 5)"),
        (((2, 3, 10), (4, 2, 5)), {},
         "w must have shape (K, 3, KL) because x has shape (2, 3, 10), got (4, 2, 5)"),
        (((2, 3, 10), (4, 3, 15)), {},
         "w must reach over at most the 10 positions of x with its padding, got 15; x has shape "
         '(2, 3, 10), use padding="same" or a smaller kernel'),
        (((2, 3, 0), (4, 3, 5)), {"padding": "same"},
         "w must reach over at most the 4 positions of x with its padding, got 5; x has shape (2, 3, 0)"),
        (((2, 3, 10), (4, 3, 0)), {}, "w must have at least 1 filter and 1 position, got shape (4, 3, 0)"),
        (((2, 3, 10), (0, 3, 5)), {}, "w must have at least 1 filter and 1 position, got shape (0, 3, 5)"),
        (((2, 3, 10), (4, 3, 5)), {"groups": 2},
         "groups must divide the 3 channels of x and the 4 filters of w, got 2"),
        (((2, 3, 10), (4, 3, 5)), {"groups": 0},
         "groups must divide the 3 channels of x and the 4 filters of w, got 0"),
        (((2, 3, 10), (4, 3, 5), (3,)), {},
         "b must have shape (4,) because w has shape (4, 3, 5), got (3,)"),
        (((2, 3, 10), (4, 3, 5)), {"stride": 0}, "stride must be at least 1, got 0"),
        (((2, 3, 10), (4, 3, 5)), {"stride": (1, 2)},
         "stride must be an integer, got (1, 2)"),
        (((2, 3, 10), (4, 3, 5)), {"dilation": -1, "padding": "full"},
         "dilation must be at least 1, got -1"),
        (((2, 3, 10), (4, 3, 5)), {"padding": (-9, 2)}, "padding must be at least 0, got (-9, 2)"),
        (((2, 3, 10), (4, 3, 5)), {"padding": (1, 2, 3)},
         "padding must be 'valid', 'same', 'full', an integer or (before, after), got (1, 2, 3)"),
    ],
)  # fmt: skip
def test_errors(shapes, arguments, text):
    with pytest.raises(ValueError) as raised:
        fnn.ops.conv1d(*(np.zeros(s, "f4") for s in shapes), **arguments)
    assert str(raised.value) == f"conv1d: {text}"


def test_errors_name_the_layer():
    with pytest.raises(ValueError) as raised:
        fnn.Model([nn.Conv1d(4, 15)], input_shape=(3, 10))
    assert str(raised.value) == (
        'Conv1d "conv1d1": w must reach over at most the 10 positions of x with its padding, got 15; '
        'x has shape (N, 3, 10), use padding="same" or a smaller kernel'
    )
