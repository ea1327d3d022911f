"""Convolutional layers: borders of all modes, turned filters, and what is refused at once."""

from __future__ import annotations

import numpy as np
import pytest

import fastnn as fnn
from fastnn import nn, ops, optim

RNG = np.random.default_rng(1)
MODES = ("reflect", "replicate", "circular")
NUMPY = {"reflect": "reflect", "replicate": "edge", "circular": "wrap", "zeros": "constant"}


def trained_as_in_pytorch(layer, theirs, shape):
    """One step of training with the layer before a dense one, by both, in float64."""
    torch = pytest.importorskip("torch")
    model = fnn.Model([layer, nn.Flatten(), nn.Dense(3, "softmax")], input_shape=shape,
                      dtype="float64", seed=2)  # fmt: skip
    features = model.parameters["dense1.weight"].shape[1]
    net = torch.nn.Sequential(theirs, torch.nn.Flatten(), torch.nn.Linear(features, 3)).double()
    for ours, other in zip(model.parameters.values(), net.parameters(), strict=True):
        other.data = torch.from_numpy(ours.copy())
    x, y = RNG.standard_normal((6, *shape)), np.arange(6) % 3
    fnn.Trainer(model, optimizer=optim.SGD(0.5)).step(x, y)
    torch.nn.functional.cross_entropy(net(torch.from_numpy(x)), torch.from_numpy(y)).backward()
    for ours, other in zip(model.parameters.values(), net.parameters(), strict=True):
        want = (other - 0.5 * other.grad).detach().numpy()
        np.testing.assert_allclose(ours, want, rtol=0, atol=1e-12)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")  # PyTorch's
@pytest.mark.parametrize("mode", ["zeros", *MODES])
@pytest.mark.parametrize(
    "options",
    [
        {"padding": 1},
        {"padding": (2, 1), "stride": 2},
        {"padding": "same"},
        {"padding": "same", "dilation": (1, 2), "groups": 2},
        {"padding": "valid"},
    ],
    ids=str,
)
def test_images_with_borders_are_trained_as_in_pytorch(mode, options):
    torch = pytest.importorskip("torch")
    theirs = torch.nn.Conv2d(2, 4, (3, 2), padding_mode=mode, **options)
    layer = nn.Conv2d(4, (3, 2), padding_mode=mode, **options)
    trained_as_in_pytorch(layer, theirs, (2, 7, 6))


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")  # PyTorch's
@pytest.mark.parametrize("mode", ["zeros", *MODES])
@pytest.mark.parametrize("options", [{"padding": 2}, {"padding": "same", "dilation": 2}], ids=str)
def test_sequences_with_borders_are_trained_as_in_pytorch(mode, options):
    torch = pytest.importorskip("torch")
    theirs = torch.nn.Conv1d(2, 4, 4, padding_mode=mode, **options)
    trained_as_in_pytorch(nn.Conv1d(4, 4, padding_mode=mode, **options), theirs, (2, 9))


@pytest.mark.parametrize("mode", NUMPY)
@pytest.mark.parametrize("flip", [False, True])
def test_borders_of_different_widths_and_turned_filters(mode, flip):
    x = RNG.standard_normal((2, 3, 6, 5)).astype("f4")
    wide = np.pad(x, ((0, 0), (0, 0), (1, 2), (3, 0)), NUMPY[mode])
    layer = nn.Conv2d(4, (2, 3), padding=(1, 2, 3, 0), padding_mode=mode, flip=flip)
    model = fnn.Model([layer], input_shape=(3, 6, 5), seed=1)
    w, b = (np.array(p) for p in model.parameters.values())
    want = ops.conv2d(wide, w[:, :, ::-1, ::-1] if flip else w, b)
    np.testing.assert_allclose(model.predict(x), want, rtol=1e-5, atol=1e-6)
    layer = nn.Conv1d(4, 3, padding=(3, 0), padding_mode=mode, flip=flip)
    model = fnn.Model([layer], input_shape=(3, 5), seed=1)
    w, b = (np.array(p) for p in model.parameters.values())
    want = ops.conv1d(wide[:, :, 1], w[:, :, ::-1] if flip else w, b)
    np.testing.assert_allclose(model.predict(x[:, :, 0]), want, rtol=1e-5, atol=1e-6)


def test_a_turned_filter_is_convolution_as_mathematics_defines_it():
    x = RNG.standard_normal((1, 1, 9)).astype("f4")
    model = fnn.Model([nn.Conv1d(1, 4, padding="full", flip=True)], input_shape=(1, 9))
    want = np.convolve(x[0, 0], model.parameters["conv1d1.weight"][0, 0])
    np.testing.assert_allclose(model.predict(x)[0, 0], want, rtol=1e-5, atol=1e-6)


def test_layers_are_saved(tmp_path):
    layers = [
        nn.Conv1d(4, 3, padding="same", padding_mode="circular", flip=True),
        nn.ConvTranspose1d(5, 4, stride=2, padding=1),
        nn.MaxPool1d(3, 1, 1),
        nn.AvgPool1d(2),
        nn.LPPool1d(2, 2, 1),
        nn.Pad((1, 2), "replicate"),
        nn.PReLU(),
        nn.GlobalAvgPool1d(),
    ]
    x = RNG.standard_normal((3, 2, 12)).astype("f4")
    model = fnn.Model(layers, input_shape=(2, 12), seed=1)
    model.save(tmp_path / "m.fnn")
    again = fnn.load(tmp_path / "m.fnn")
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    assert [(a.kind, a.name) for a in again.layers] == [(a.kind, a.name) for a in model.layers]
    config = again.layers[0].config()
    assert config["padding_mode"] == "circular" and config["flip"] is True
    trained = fnn.Trainer(again, "mse")
    assert trained.step(x, np.zeros((3, 5))) > trained.step(x, np.zeros((3, 5)))


RULE = "'valid', 'same', 'full', an integer, 2 of them or 4 (before and after each axis)"
ACTIVATIONS = (
    "None, a function or one of linear, sigmoid, tanh, relu, leaky_relu, elu, selu, gelu, silu, "
    "softplus, hard_sigmoid, step, softmax, log_softmax"
)

AT_ONCE = [
    (lambda: nn.Conv2d(4, 3, padding="sam"), ValueError, f"Conv2d: padding must be {RULE}, got 'sam'"),
    (lambda: nn.Conv2d(4, 3, padding="sam", name="stem"), ValueError,
     f"Conv2d \"stem\": padding must be {RULE}, got 'sam'"),
    (lambda: nn.Conv2d(4, 3, padding=1.5), TypeError, f"Conv2d: padding must be {RULE}, got 1.5"),
    (lambda: nn.Conv2d(4, 3, padding=(1, 2, 3)), ValueError,
     f"Conv2d: padding must be {RULE}, got (1, 2, 3)"),
    (lambda: nn.Conv2d(4, 3, padding=-1), ValueError, "Conv2d: padding must be at least 0, got -1"),
    (lambda: nn.Conv2d(4, 3, stride=True), TypeError, "Conv2d: stride must be an integer, got True"),
    (lambda: nn.Conv2d(4, 0), ValueError, "Conv2d: kernel_size must be an integer >= 1, got 0"),
    (lambda: nn.Conv2d(4, 3, groups=3), ValueError,
     "Conv2d: groups must divide the 4 filters, got 3"),
    (lambda: nn.Conv2d(4, 3, activation="swish", name="a"), ValueError,
     f"Conv2d \"a\": activation must be {ACTIVATIONS}, got 'swish'"),
    (lambda: nn.Conv2d(4, 3, activation=3), TypeError,
     f"Conv2d: activation must be {ACTIVATIONS}, got 3"),
    (lambda: nn.Activation("swish"), ValueError,
     f"Activation: activation must be {ACTIVATIONS}, got 'swish'"),
    (lambda: nn.Conv2d(4, 3, padding_mode="mirror"), ValueError,
     "Conv2d: padding_mode must be one of zeros, reflect, replicate, circular, got 'mirror'"),
    (lambda: nn.Conv1d(4, 3, flip=1), TypeError, "Conv1d: flip must be True or False, got 1"),
    (lambda: nn.Conv1d(4, 3, padding=(1, 2, 3)), ValueError,
     "Conv1d: padding must be 'valid', 'same', 'full', an integer or (before, after), got (1, 2, 3)"),
    (lambda: nn.Conv1d(4, (3, 3)), ValueError,
     "Conv1d: kernel_size must be an integer, got (3, 3)"),
    (lambda: nn.ConvTranspose2d(4, 3, padding="same"), TypeError,
     "ConvTranspose2d: padding must be an integer, 2 of them or 4 (before and after each axis), got "
     "'same'"),
    (lambda: nn.ConvTranspose2d(4, 3, padding=(1, 2, 3), name="up"), ValueError,
     'ConvTranspose2d "up": padding must be an integer, 2 of them or 4 (before and after each axis), '
     "got (1, 2, 3)"),
    (lambda: nn.ConvTranspose2d(4, 3, output_padding=-1), ValueError,
     "ConvTranspose2d: output_padding must be at least 0, got -1"),
    (lambda: nn.ConvTranspose2d(4, 3, output_padding="a"), TypeError,
     "ConvTranspose2d: output_padding must be an integer or a sequence of integers, got 'a'"),
    (lambda: nn.ConvTranspose2d(4, 3, 2, output_padding=2), ValueError,
     "ConvTranspose2d: output_padding must be below the stride or the dilation, 2, got 2"),
    (lambda: nn.ConvTranspose1d(4, 3, padding="same"), TypeError,
     "ConvTranspose1d: padding must be an integer or (before, after), got 'same'"),
]  # fmt: skip

WHEN_CALLED = [
    (nn.Conv2d(4, 3, groups=2, name="c"), (3, 8, 8), ValueError,
     'Conv2d "c": groups must divide the 3 channels of the input and the 4 filters, got 2'),
    (nn.Conv2d(4, 3, padding=3, padding_mode="reflect"), (2, 8, 3), ValueError,
     'Conv2d "conv2d1": padding must be at most 2 where padding_mode is "reflect" and x has shape '
     "(N, 2, 8, 3), got 3"),
    (nn.Conv1d(4, 3, padding=4, padding_mode="circular"), (2, 3), ValueError,
     'Conv1d "conv1d1": padding must be at most 3 where padding_mode is "circular" and x has shape '
     "(N, 2, 3), got 4"),
    (nn.ConvTranspose1d(4, 3, padding=2), (2, 1), ValueError,
     'ConvTranspose1d "convtranspose1d1": padding must leave at least 1 of the positions of the '
     "result, got -1; x has shape (N, 2, 1)"),
    (nn.Conv2d(4, 3, stride=2**25, name="far"), (2, 8, 8), ValueError,
     'Conv2d "far": stride must be at most 16777216, got 33554432'),
]  # fmt: skip


@pytest.mark.parametrize(("make", "kind", "text"), AT_ONCE, ids=range(len(AT_ONCE)))
def test_what_can_be_known_is_refused_at_once(make, kind, text):
    with pytest.raises(kind) as error:
        make()
    assert str(error.value) == text


@pytest.mark.parametrize(
    ("layer", "shape", "kind", "text"), WHEN_CALLED, ids=range(len(WHEN_CALLED))
)
def test_what_the_input_decides_is_refused_with_the_layers_name(layer, shape, kind, text):
    with pytest.raises(kind) as error:
        layer(fnn.Input(shape))
    assert str(error.value) == text


def test_an_initialiser_that_nobody_needs_is_not_looked_at():
    layer = nn.Conv2d(2, 1, use_bias=False, bias_init="bogus")
    assert list(fnn.Model([layer], input_shape=(1, 2, 2)).parameters) == ["conv2d1.weight"]


@pytest.mark.parametrize("name", nn.__all__)
def test_pythons_errors_name_the_class(name):
    kind = getattr(nn, name)
    with pytest.raises(TypeError) as error:
        kind(no_such_argument=1)
    # Those that take a name alone have no __init__ of their own.
    owner = "Layer" if kind.__init__ is nn.Layer.__init__ else name
    assert str(error.value).startswith(f"{owner}.__init__() ")
