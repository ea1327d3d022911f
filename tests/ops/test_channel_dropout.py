"""Dropout of whole channels."""

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core
from laws import ISAS, check_same_bits, using
from oracle import check_gradient, philox

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(3, 5), (2, 4, 7), (5, 3, 2, 33), (0, 3, 2), (2, 3, 0)])
def test_channel_dropout_is_a_function_of_seed_step_image_and_channel(shape):
    seed, step, rate = 12345678901234, 2**33 + 5, 0.4
    n, c = shape[0], shape[-1]
    words = [w for b in range((n * c + 3) // 4) for w in philox(seed, 0, step, b)][: n * c]
    keep = np.array([w >= int(rate * 2**32) for w in words], bool).reshape(n, c)
    for isa in ISAS:
        with using(isa):
            x = RNG.standard_normal(shape)
            (y,) = _core.call(
                "channel_dropout", [x], {"rate": rate}, training=True, seed=seed, step=step
            )
            kept = keep.reshape(n, *[1] * (x.ndim - 2), c)
            np.testing.assert_array_equal(y, np.where(kept, x * (1 / (1 - rate)), 0))


def test_channel_dropout_drops_channels():
    y = fnn.ops.channel_dropout(np.ones((50, 40, 3, 3), "f4"), 0.25, seed=3)
    means = y.reshape(50, 40, 9)
    assert (means.min(2) == means.max(2)).all()
    assert abs((means[:, :, 0] == 0).mean() - 0.25) < 5 * np.sqrt(0.25 * 0.75 / 2000)


@pytest.mark.parametrize("rate", [0.0, 0.3, 1.0])
def test_channel_dropout_gradient(rate):
    x = RNG.standard_normal((3, 2, 2, 5))
    for isa in ISAS:
        with using(isa):
            check_gradient("channel_dropout", [x], {"rate": rate}, training=True)
    check_gradient("channel_dropout", [x], {"rate": rate})


def test_channel_dropout_outside_training_is_the_identity():
    x = RNG.standard_normal((2, 3, 4))
    np.testing.assert_array_equal(fnn.ops.channel_dropout(x, 0.9, training=False), x)


def test_channel_dropout_same_bits_for_any_thread_count():
    x = RNG.standard_normal((30, 20, 20, 33)).astype("f4")
    check_same_bits("channel_dropout", [x], {"rate": 0.4}, training=True)


def test_channel_dropout_errors():
    with pytest.raises(ValueError) as raised:
        fnn.ops.channel_dropout(np.zeros((2, 3)), 1.5)
    assert str(raised.value) == "channel_dropout: rate must be between 0 and 1, got 1.5"
    with pytest.raises(ValueError) as raised:
        fnn.ops.channel_dropout(np.zeros(3))
    assert str(raised.value) == (
        "channel_dropout: x must have a batch axis and channels, (N, C, ...), got shape (3,)"
    )
