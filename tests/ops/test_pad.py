"""Borders."""

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core
from laws import check_op, check_same_bits

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("shape", "pad"),
    [
        ((), ()),
        ((5,), (2, 1)),
        ((3, 4), (1, 2)),
        ((3, 4), (0, 0, 1, 2)),
        ((2, 3, 4, 5), (1, 2, 3, 0)),
        ((2, 3, 4), (0, 1, 2, 0, 1, 1)),
        ((0, 3), (1, 1)),
        ((3, 0), (1, 1)),
    ],
)
@pytest.mark.parametrize("value", [0.0, -1.5])
def test_pad_values_and_gradient(shape, pad, value):
    x = np.asarray(RNG.standard_normal(shape))
    width = [(0, 0)] * x.ndim
    for i in range(0, len(pad), 2):
        width[-1 - i // 2] = (pad[i], pad[i + 1])
    want = np.pad(x, width, constant_values=value) if x.ndim else x
    check_op("pad", [x], {"pad": pad, "value": value}, want)


def test_pad_equals_torch():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    x = RNG.standard_normal((2, 3, 4))
    want = torch.nn.functional.pad(torch.tensor(x), (1, 2, 0, 3), value=2.0).numpy()
    np.testing.assert_array_equal(fnn.ops.pad(x, (1, 2, 0, 3), value=2.0), want)


def test_pad_same_bits_for_any_thread_count():
    x = RNG.standard_normal((8, 30, 40, 50)).astype("f4")
    check_same_bits("pad", [x], {"pad": (1, 1, 2, 2)})


@pytest.mark.parametrize(
    ("pad", "text"),
    [
        ((1,), "pad: pad must hold 2 numbers for each of at most 2 axes, got 1 numbers"),
        ((1,) * 6, "pad: pad must hold 2 numbers for each of at most 2 axes, got 6 numbers"),
        ((1, -1), "pad: pad must hold numbers >= 0, got -1"),
        ((2**62, 2**62), f"pad: pad must hold numbers < 2**47, got {2**62}"),
        (
            (2**46, 2**46),
            "pad: sizes must make an array of less than 2**47 elements, got shape "
            f"(2, {2**47 + 3})",
        ),
    ],
)
def test_pad_errors(pad, text):
    with pytest.raises(ValueError) as raised:
        fnn.ops.pad(np.zeros((2, 3)), pad)
    assert str(raised.value) == text


def test_pad_leaves_the_batch():
    def shape(pad):
        return _core.infer("pad", "pad", [(None, 3)], ["float32"], {"pad": pad})[0][0][0]

    assert shape((1, 1)) == (None, 5)
    assert shape((1, 1, 0, 0)) == (None, 5)
    with pytest.raises(ValueError) as raised:
        shape((0, 0, 1, 0))
    assert str(raised.value) == "pad: pad must leave the batch as it is, got 1 for axis 0"


MODES = {1: "reflect", 2: "edge", 3: "wrap"}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("shape", "pad"),
    [
        ((5,), (2, 1)),
        ((3, 4), (1, 2)),
        ((3, 4), (0, 0, 1, 2)),
        ((2, 3, 4, 5), (4, 2, 2, 0)),
        ((2, 3, 4), (0, 1, 2, 0, 1, 1)),
        ((0, 3), (1, 1)),
        ((3, 3), ()),
    ],
)
def test_pad_with_what_is_inside(shape, pad, mode):
    x = RNG.standard_normal(shape)
    width = [(0, 0)] * x.ndim
    for i in range(0, len(pad), 2):
        width[-1 - i // 2] = (pad[i], pad[i + 1])
    want = np.pad(x, width, mode=MODES[mode]) if x.size else np.zeros((0, 5))
    check_op("pad", [x], {"pad": pad, "mode": mode}, want)


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
def test_pad_modes_equal_torch(mode):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    x = RNG.standard_normal((2, 3, 4, 5))
    want = torch.nn.functional.pad(torch.tensor(x), (1, 2, 0, 3), mode=mode).numpy()
    np.testing.assert_array_equal(fnn.ops.pad(x, (1, 2, 0, 3), mode=mode), want)


def test_pad_modes_same_bits_for_any_thread_count():
    x = RNG.standard_normal((8, 30, 40, 50)).astype("f4")
    for mode in MODES:
        check_same_bits("pad", [x], {"pad": (1, 1, 2, 2), "mode": mode})


@pytest.mark.parametrize(
    ("mode", "pad", "text"),
    [
        ("reflect", (3, 0), "pad must be at most 2 on axis 1 of shape (2, 3), got 3"),
        ("circular", (0, 0, 0, 3), "pad must be at most 2 on axis 0 of shape (2, 3), got 3"),
        (
            "mirror",
            (1, 1),
            "mode must be one of constant, reflect, replicate, circular, got 'mirror'",
        ),
    ],
)
def test_pad_mode_errors(mode, pad, text):
    with pytest.raises(ValueError) as raised:
        fnn.ops.pad(np.zeros((2, 3)), pad, mode=mode)
    assert str(raised.value) == "pad: " + text


def test_pad_mode_is_a_number_in_the_core():
    with pytest.raises(ValueError) as raised:
        _core.call("pad", [np.zeros((2, 3))], {"pad": (1, 1), "mode": 4})
    assert str(raised.value) == "pad: mode must be a number from 0 to 3, got 4"
