"""Pooling layers of sequences."""

import numpy as np
import pytest

import fastnn as fnn
from fastnn import nn, ops

RNG = np.random.default_rng(0)
X = RNG.standard_normal((4, 3, 11)).astype("f4")


@pytest.mark.parametrize(
    ("layer", "want"),
    [
        (nn.MaxPool1d(2), ops.max_pool1d(X, 2)),
        (nn.MaxPool1d(3, 2, 1, 2, True), ops.max_pool1d(X, 3, 2, 1, 2, True)),
        (nn.AvgPool1d(2), ops.avg_pool1d(X, 2)),
        (nn.AvgPool1d(3, 2, 1, True, False), ops.avg_pool1d(X, 3, 2, 1, True, False)),
        (nn.LPPool1d(2, 3, 1), ops.lp_pool1d(X, 2, 3, 1)),
        (nn.LPPool1d(2, 3, ceil_mode=True), ops.lp_pool1d(X, 2, 3, None, True)),
        (nn.GlobalAvgPool1d(), X.mean(2)),
        (nn.GlobalMaxPool1d(), X.max(2)),
    ],
)
def test_layers_do_what_their_ops_do(layer, want):
    y = fnn.Model([layer], input_shape=(3, 11)).predict(X)
    np.testing.assert_allclose(y, want, rtol=1e-6, atol=1e-7)


def test_a_step_of_training_is_pytorchs():
    torch = pytest.importorskip("torch")
    layers = [
        nn.Conv1d(4, 3), nn.MaxPool1d(2, 1), nn.AvgPool1d(3, 2, 1), nn.LPPool1d(2, 2, 1),
        nn.Flatten(), nn.Dense(3, "softmax"),
    ]  # fmt: skip
    model = fnn.Model(layers, input_shape=(3, 11), dtype="float64", seed=1)
    net = torch.nn.Sequential(
        torch.nn.Conv1d(3, 4, 3), torch.nn.MaxPool1d(2, 1), torch.nn.AvgPool1d(3, 2, 1),
        torch.nn.LPPool1d(2, 2, 1), torch.nn.Flatten(), torch.nn.Linear(12, 3),
    ).double()  # fmt: skip
    for ours, theirs in zip(model.parameters.values(), net.parameters(), strict=True):
        theirs.data = torch.from_numpy(ours.copy())
    x, y = X.astype("f8"), np.arange(4) % 3
    fnn.Trainer(model, optimizer=fnn.optim.SGD(0.5)).step(x, y)
    torch.nn.functional.cross_entropy(net(torch.from_numpy(x)), torch.from_numpy(y)).backward()
    for ours, theirs in zip(model.parameters.values(), net.parameters(), strict=True):
        want = (theirs - 0.5 * theirs.grad).detach().numpy()
        np.testing.assert_allclose(ours, want, rtol=0, atol=1e-12)


def test_layers_print_their_arguments():
    assert repr(nn.MaxPool1d(3, 2)) == (
        "MaxPool1d(kernel_size=3, stride=2, padding=0, ceil_mode=False, dilation=1)"
    )
    assert repr(nn.LPPool1d(2, 3)) == "LPPool1d(norm_type=2, kernel_size=3, ceil_mode=False)"


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: nn.MaxPool1d(0), ValueError,
         "MaxPool1d: kernel_size must be an integer >= 1, got 0"),
        (lambda: nn.MaxPool1d((2, 2)), TypeError,
         "MaxPool1d: kernel_size must be an integer >= 1, got (2, 2)"),
        (lambda: nn.AvgPool1d(2, stride=0, name="p"), ValueError,
         'AvgPool1d "p": stride must be an integer >= 1, got 0'),
        (lambda: nn.MaxPool1d(2, dilation=0), ValueError,
         "MaxPool1d: dilation must be an integer >= 1, got 0"),
        (lambda: nn.LPPool1d(float("inf"), 2), ValueError,
         "LPPool1d: norm_type must be a finite number > 0, got inf"),
        (lambda: nn.AvgPool1d(2, count_include_pad="no"), TypeError,
         "AvgPool1d: count_include_pad must be True or False, got 'no'"),
        (lambda: nn.MaxPool1d(9)(fnn.Input((3, 8))), ValueError,
         'MaxPool1d "maxpool1d1": kernel_size must fit into x of shape (N, 3, 8) with its padding, '
         "got windows of 9"),
        (lambda: nn.AvgPool1d(2, padding=2)(fnn.Input((3, 8))), ValueError,
         'AvgPool1d "avgpool1d1": padding must be at most half of the window, 1, got 2'),
        (lambda: nn.MaxPool1d(2)(fnn.Input((3, 8, 8))), ValueError,
         'MaxPool1d "maxpool1d1": x must have shape (N, C, L), got (N, 3, 8, 8); put nn.Reshape '
         "before it"),
        (lambda: nn.GlobalAvgPool1d()(fnn.Input((400,), name="x")), ValueError,
         'GlobalAvgPool1d "globalavgpool1d1": input must have shape (N, C, L), '
         "got Tensor(x, shape=(N, 400), dtype=float32)"),
    ],
)  # fmt: skip
def test_errors(make, error, text):
    with pytest.raises(error) as raised:
        make()
    assert str(raised.value) == text
