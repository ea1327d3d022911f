"""Cross-entropy of probabilities."""

import numpy as np
import pytest

import fastnn as fnn
from laws import ISAS, check_op, check_same_bits, using

RNG = np.random.default_rng(0)


def probabilities(*shape):
    e = np.exp(RNG.standard_normal(shape))
    return e / e.sum(-1, keepdims=True)


@pytest.mark.parametrize("shape", [(1, 2), (9, 10), (3, 5, 7), (2, 600)])
def test_cross_entropy_labels(shape):
    p = probabilities(*shape)
    labels = RNG.integers(0, shape[-1], shape[:-1])
    y = np.eye(shape[-1])[labels]
    check_op("cross_entropy", [p, labels], {}, -(y * np.log(p)).sum() / shape[0])


@pytest.mark.parametrize("shape", [(1, 2), (9, 10), (3, 5, 7)])
def test_cross_entropy_soft_targets(shape):
    p, y = probabilities(*shape), probabilities(*shape)
    check_op("cross_entropy", [p, y], {}, -(y * np.log(p)).sum() / shape[0])


def test_cross_entropy_mean_over_labels():
    p = probabilities(3, 5, 7)
    labels = RNG.integers(0, 7, (3, 5))
    want = -np.log(np.take_along_axis(p, labels[..., None], -1)).mean()
    check_op("cross_entropy", [p, labels], {"per_label": 1}, want)
    np.testing.assert_allclose(fnn.ops.cross_entropy(p, labels, reduction="mean"), want)


def test_cross_entropy_of_zero_probability_is_large_and_finite():
    for isa in ISAS:
        with using(isa):
            p = np.array([[0.0, 1.0]], "f4")
            np.testing.assert_allclose(fnn.ops.cross_entropy(p, [0]), 87.33655, rtol=1e-5)
            dp, _ = fnn.ops.vjp("cross_entropy", p, np.array([0]), dy=1.0, integers=(1,))
            assert np.isfinite(dp).all() and dp[0, 0] < -1e37
            assert float(fnn.ops.cross_entropy(p, [1])) == 0


def test_cross_entropy_zero_target_ignores_zero_probability():
    assert float(fnn.ops.cross_entropy([[0.0, 1.0]], [[0.0, 1.0]])) == 0


def test_cross_entropy_unknown_label_is_nan():
    p = probabilities(2, 3)
    for label in (-1, 3):
        assert np.isnan(fnn.ops.cross_entropy(p, [0, label]))


def test_cross_entropy_nan_propagates():
    assert np.isnan(fnn.ops.cross_entropy([[np.nan, 0.5]], [0]))
    assert np.isnan(fnn.ops.cross_entropy([[np.nan, 0.5]], [[1.0, 0.0]]))


def test_cross_entropy_of_no_probability_is_nan():
    for isa in ISAS:
        with using(isa):
            for p in (-0.01, 1.01, np.inf, -np.inf):
                given = np.array([[0.5, p]], "f4")
                for y in (np.array([1]), np.array([[0.0, 1.0]], "f4")):
                    assert np.isnan(fnn.ops.cross_entropy(given, y)), (isa, p)
                dp, _ = fnn.ops.vjp("cross_entropy", given, np.array([1]), dy=1.0, integers=(1,))
                assert np.isnan(dp[0, 1]) and dp[0, 0] == 0
            for p in (-1e-6, 1 + 1e-6):  # rounding
                assert np.isfinite(fnn.ops.cross_entropy([[0.5, p]], [1]))
            assert float(fnn.ops.cross_entropy([[0.5, -3.0]], [0])) == pytest.approx(np.log(2))


def test_cross_entropy_same_bits_for_any_thread_count():
    p = probabilities(40000, 10).astype("f4")
    check_same_bits("cross_entropy", [p, RNG.integers(0, 10, 40000)], {})
    check_same_bits("cross_entropy", [p, probabilities(40000, 10).astype("f4")], {})


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (np.ones(3), "cross_entropy: p must have at least 2 axes, got shape (3,)"),
        (
            np.ones((3, 1)),
            "cross_entropy: p must have at least 2 classes on its last axis, got shape (3, 1); "
            "use a binary cost",
        ),
    ],
)
def test_cross_entropy_errors(p, text):
    with pytest.raises(ValueError) as raised:
        fnn.ops.cross_entropy(p, p)
    assert str(raised.value) == text


@pytest.mark.parametrize("op", ["cross_entropy", "nll_loss", "softmax_cross_entropy"])
def test_reduction_must_be_known(op):
    with pytest.raises(ValueError) as raised:
        getattr(fnn.ops, op)([[0.5, 0.5]], [0], reduction="sum")
    assert str(raised.value) == f"{op}: reduction must be one of ('batch', 'mean'), got 'sum'"
