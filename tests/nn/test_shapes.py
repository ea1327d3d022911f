"""Layers that change shapes: borders, and what joins refuse."""

import numpy as np
import pytest

import fastnn as fnn
from fastnn import nn

X = np.random.default_rng(0).standard_normal((2, 3, 4, 5)).astype("f4")


@pytest.mark.parametrize("mode", ["constant", "reflect", "replicate", "circular"])
def test_pad_is_pytorchs(mode):
    torch = pytest.importorskip("torch")
    y = fnn.Model([nn.Pad((1, 2, 0, 3), mode, 0.5)], input_shape=X.shape[1:]).predict(X)
    value = {"value": 0.5} if mode == "constant" else {}
    want = torch.nn.functional.pad(torch.tensor(X), (1, 2, 0, 3), mode, **value)
    np.testing.assert_array_equal(y, want.numpy())


def test_pad_stores_its_arguments():
    assert repr(nn.Pad([1, 2])) == "Pad(pad=(1, 2), mode='constant', value=0.0)"
    y = fnn.Model([nn.Pad((), value=np.float32(1))], input_shape=(3,)).predict(X[0, 0, :, :3])
    np.testing.assert_array_equal(y, X[0, 0, :, :3])


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: nn.Pad((1,)), ValueError,
         "Pad: pad must hold 2 numbers for each axis, got 1 numbers"),
        (lambda: nn.Pad((1, -1), name="rim"), ValueError,
         'Pad "rim": pad must hold numbers >= 0, got -1'),
        (lambda: nn.Pad("ab"), TypeError,
         "Pad: pad must be an integer or a sequence of integers, got 'ab'"),
        (lambda: nn.Pad((1, 1), "mirror"), ValueError,
         "Pad: mode must be one of constant, reflect, replicate, circular, got 'mirror'"),
        (lambda: nn.Pad((1, 1), value="v"), TypeError, "Pad: value must be a number, got 'v'"),
        (lambda: nn.Pad((1, 1, 1, 1))(fnn.Input((3,))), ValueError,
         'Pad "pad1": pad must leave the batch as it is, got 2 for axis 0'),
        (lambda: nn.Concatenate("a"), TypeError, "Concatenate: axis must be an integer, got 'a'"),
        (lambda: nn.Concatenate(True, name="join"), TypeError,
         'Concatenate "join": axis must be an integer, got True'),
        (lambda: nn.Reshape("a", name="r"), TypeError,
         "Reshape \"r\": shape must be an integer or a sequence of integers, got 'a'"),
    ],
)  # fmt: skip
def test_errors(make, error, text):
    with pytest.raises(error) as raised:
        make()
    assert str(raised.value) == text


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, float])
def test_dropout_takes_all_real_numbers(kind):
    assert fnn.Model([nn.Dropout(kind(0.5)), nn.ChannelDropout(0)], input_shape=(3,))


@pytest.mark.parametrize("layer", [nn.Dropout, nn.ChannelDropout])
def test_dropout_tells_kinds_from_values(layer):
    for rate in ("a", None, True, 0.5j):
        with pytest.raises(TypeError) as error:
            layer(rate)
        assert str(error.value) == (
            f"{layer.__name__}: rate must be a number in [0, 1], got {rate!r}"
        )
    for rate in (1.5, -0.1, float("nan")):
        with pytest.raises(ValueError) as wrong:
            layer(rate)
        assert str(wrong.value) == (
            f"{layer.__name__}: rate must be a number in [0, 1], got {rate!r}"
        )
