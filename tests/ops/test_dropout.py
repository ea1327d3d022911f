"""Inverted dropout."""

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core
from laws import ISAS, check_same_bits, using
from oracle import check_gradient, philox

RNG = np.random.default_rng(0)


def test_philox_known_answer():
    # Random123's kat_vectors: counter and key all ones.
    ones = 0xFFFFFFFF
    want = [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]
    assert philox((ones << 32) | ones, ones, (ones << 32) | ones, ones) == want


@pytest.mark.parametrize("count", [0, 1, 3, 127, 128, 129, 1000])
@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_dropout_is_a_function_of_seed_step_and_position(count, rate):
    seed, step = 12345678901234, 2**33 + 5
    words = [w for b in range((count + 3) // 4) for w in philox(seed, 0, step, b)][:count]
    keep = np.array([w >= int(rate * 2**32) for w in words], bool)
    for isa in ISAS:
        with using(isa):
            for dtype in ("f4", "f8"):
                x = RNG.standard_normal(count).astype(dtype)
                attrs = {"rate": rate}
                (y,) = _core.call("dropout", [x], attrs, training=True, seed=seed, step=step)
                scale = np.asarray(1 / (1 - rate), dtype)
                np.testing.assert_array_equal(y, np.where(keep, x * scale, 0))


@pytest.mark.parametrize("rate", [0.0, 0.25, 0.9, 1.0])
def test_dropout_keeps_the_mean(rate):
    y = fnn.ops.dropout(np.ones(200000, "f4"), rate, seed=3)
    assert abs((y == 0).mean() - rate) <= 5 * np.sqrt(rate * (1 - rate) / 200000)
    if rate < 1:
        np.testing.assert_allclose(np.unique(y)[-1], 1 / (1 - rate), rtol=1e-6)


def test_dropout_of_other_seeds_differs():
    x = np.ones(100, "f4")
    assert (fnn.ops.dropout(x, seed=1) != fnn.ops.dropout(x, seed=2)).any()
    np.testing.assert_array_equal(fnn.ops.dropout(x, seed=1), fnn.ops.dropout(x, seed=1))


def test_dropout_outside_training_is_the_identity():
    x = RNG.standard_normal(9)
    np.testing.assert_array_equal(fnn.ops.dropout(x, 0.9, training=False), x)
    check_gradient("dropout", [x], {"rate": 0.9})


@pytest.mark.parametrize("rate", [0.0, 0.3, 1.0])
def test_dropout_gradient(rate):
    for isa in ISAS:
        with using(isa):
            check_gradient("dropout", [RNG.standard_normal((5, 33))], {"rate": rate}, training=True)


def test_dropout_hides_nan():
    y = fnn.ops.dropout(np.full(1000, np.nan), 0.5)
    assert 400 < (y == 0).sum() < 600


def test_dropout_same_bits_for_any_thread_count():
    x = RNG.standard_normal((300, 1001)).astype("f4")
    check_same_bits("dropout", [x], {"rate": 0.4}, training=True)


@pytest.mark.parametrize("rate", [-0.1, 1.5, float("nan")])
def test_dropout_errors(rate):
    with pytest.raises(ValueError) as raised:
        fnn.ops.dropout([1.0], rate)
    assert str(raised.value) == f"dropout: rate must be between 0 and 1, got {rate:g}"
