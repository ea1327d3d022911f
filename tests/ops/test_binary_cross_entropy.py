"""Cross-entropy of sigmoid outputs."""

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core
from laws import ISAS, check_op, check_same_bits, using

RNG = np.random.default_rng(0)


def cost(p, y):
    return -(y * np.log(p) + (1 - y) * np.log(1 - p)).sum() / len(p)


@pytest.mark.parametrize("shape", [(1,), (8, 1), (9, 10), (2, 3, 17)])
def test_binary_cross_entropy_values_and_gradient(shape):
    p, y = 0.05 + 0.9 * RNG.random((2, *shape))
    check_op("binary_cross_entropy", [p, y], {}, cost(p, y))


def test_binary_cross_entropy_labels_are_one_hot_rows():
    p, labels = 0.05 + 0.9 * RNG.random((9, 10)), RNG.integers(0, 10, 9)
    check_op("binary_cross_entropy", [p, labels], {}, cost(p, np.eye(10)[labels]))


@pytest.mark.parametrize("shape", [(9,), (9, 1)])
def test_binary_cross_entropy_one_unit_takes_zero_and_one(shape):
    p, y = 0.05 + 0.9 * RNG.random(shape), RNG.integers(0, 2, 9)
    check_op("binary_cross_entropy", [p, y], {}, cost(p.ravel(), y))
    y[3] = 2
    assert np.isnan(_core.call("binary_cross_entropy", [p, y], {})[0])


@pytest.mark.parametrize(("dtype", "tiny", "eps"), [("f4", 87.336, 16.636), ("f8", 708.4, 36.74)])
def test_binary_cross_entropy_at_zero_and_one_is_finite(dtype, tiny, eps):
    for isa in ISAS:
        with using(isa):
            p, one = np.array([[0.0], [1.0]], dtype), np.ones((1, 1), dtype)
            np.testing.assert_allclose(fnn.ops.binary_cross_entropy(p[:1], one), tiny, rtol=1e-4)
            np.testing.assert_allclose(fnn.ops.binary_cross_entropy(p[1:], 1 - one), eps, rtol=1e-4)
            np.testing.assert_allclose(fnn.ops.binary_cross_entropy(p, p), 0, atol=1e-7)
            dp, _ = fnn.ops.vjp("binary_cross_entropy", p, 1 - p, dy=1.0)
            assert np.isfinite(dp).all()


def test_binary_cross_entropy_nan_propagates():
    assert np.isnan(fnn.ops.binary_cross_entropy([[np.nan]], [[1.0]]))


def test_binary_cross_entropy_of_no_probability_is_nan():
    for isa in ISAS:
        with using(isa):
            for p in (-0.01, 1.01, np.inf, -np.inf):
                given, y = np.array([[p, 0.5]]), np.array([[0.0, 1.0]])
                assert np.isnan(fnn.ops.binary_cross_entropy(given, y)), (isa, p)
                dp, _ = fnn.ops.vjp("binary_cross_entropy", given, y, dy=1.0)
                assert np.isnan(dp[0, 0]) and np.isfinite(dp[0, 1])
            for p in (-1e-6, 1 + 1e-6):  # rounding
                assert np.isfinite(fnn.ops.binary_cross_entropy([[p]], [[1.0]]))


def test_binary_cross_entropy_same_bits_for_any_thread_count():
    p, y = RNG.random((2, 400, 301)).astype("f4")
    check_same_bits("binary_cross_entropy", [p, y], {})


def test_binary_cross_entropy_equals_torch():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    p, y = 0.05 + 0.9 * RNG.random((2, 9, 5))
    function = torch.nn.functional.binary_cross_entropy
    want = function(torch.tensor(p), torch.tensor(y), reduction="sum").item() / 9
    check_op("binary_cross_entropy", [p, y], {}, want)
