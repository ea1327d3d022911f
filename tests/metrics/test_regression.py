"""Metrics of regression against scikit-learn and by hand."""

import re

import numpy as np
import pytest

from fastnn import metrics

RNG = np.random.default_rng(1)


@pytest.mark.parametrize("shape", [(2,), (9,), (33, 1), (33, 4)])
def test_equal_to_scikit_learn(shape):
    sk = pytest.importorskip("sklearn.metrics")
    y, p = RNG.standard_normal(shape), RNG.standard_normal(shape)
    assert metrics.mse(y, p) == pytest.approx(sk.mean_squared_error(y, p), rel=1e-12)
    assert metrics.mae(y, p) == pytest.approx(sk.mean_absolute_error(y, p), rel=1e-12)
    assert metrics.r2(y, p) == pytest.approx(sk.r2_score(y, p), rel=1e-12)


def test_one_output_unit_meets_flat_targets():
    y = np.array([1.0, 2.0, 4.0])
    for name in ("mse", "mae", "r2"):
        metric = metrics.get(name)
        assert metric(y, np.array([[1.0], [2.5], [3.0]])) == metric(y, np.array([1.0, 2.5, 3.0]))


def test_float32_is_summed_in_float64():
    y = np.full(10_000_000, 0.1, "f4")
    assert metrics.mse(y, np.zeros_like(y)) == pytest.approx(float(np.float32(0.1)) ** 2, rel=1e-12)


def test_constant_targets():
    assert metrics.r2([2.0, 2.0], [2.0, 2.0]) == 1.0
    assert metrics.r2([2.0, 2.0], [2.0, 3.0]) == 0.0


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (
            lambda: metrics.mse([1.0, 2.0], [1.0, 2.0, 3.0]),
            ValueError,
            "mse: y_pred must have shape (2,) as y_true has, got (3,)",
        ),
        (
            lambda: metrics.mae([[1.0, 2.0]], [[[1.0], [2.0]], [[1.0], [2.0]]]),
            ValueError,
            "mae: y_pred must have shape (1, 2) as y_true has, got (2, 2, 1)",
        ),
        (
            lambda: metrics.mae([np.nan], [1.0]),
            ValueError,
            "mae: y_true must hold no NaN, got 1",
        ),
        (
            lambda: metrics.mse([], []),
            ValueError,
            "mse: y_true must have at least 1 value, got shape (0,)",
        ),
        (
            lambda: metrics.r2([1.0], [1.0]),
            ValueError,
            "r2: y_true must have at least 2 samples, got shape (1,)",
        ),
    ],
)
def test_error_texts(call, kind, text):
    with pytest.raises(kind, match=f"^{re.escape(text)}$"):
        call()


@pytest.mark.parametrize("name", ["mae", "mse", "r2"])
def test_what_is_no_array_of_finite_numbers(name):
    metric = getattr(metrics, name)
    for text, given in {
        "y_true must hold finite numbers, got 1 infinite": ([0.0, np.inf], [0.0, 1.0]),
        "y_pred must hold finite numbers, got 2 infinite": ([0.0, 1.0], [-np.inf, np.inf]),
        "y_true must have rows of one length, got rows of several": ([[1.0, 2.0], [1.0]], [0, 1]),
        "y_pred must have rows of one length, got rows of several": ([0, 1], [[1.0, 2.0], [1.0]]),
    }.items():
        with pytest.raises(ValueError, match=f"^{re.escape(f'{name}: {text}')}$"):
            metric(*given)
