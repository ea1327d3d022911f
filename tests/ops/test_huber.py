"""Huber cost."""

import numpy as np
import pytest

import fastnn as fnn
from laws import check_op, check_same_bits

RNG = np.random.default_rng(0)


def huber(d, delta):
    d = np.abs(d)
    return np.where(d <= delta, d**2 / 2, delta * (d - delta / 2)).mean()


@pytest.mark.parametrize("delta", [0.3, 1.0, 5.0])
@pytest.mark.parametrize("shape", [(1,), (9, 1), (4, 33)])
def test_huber_values_and_gradient(shape, delta):
    a, y = 2 * RNG.standard_normal((2, *shape))
    check_op("huber", [a, y], {"delta": delta}, huber(a - y, delta))


def test_huber_default_delta_is_one():
    assert float(fnn.ops.huber([3.0], [0.0])) == 2.5


def test_huber_same_bits_for_any_thread_count():
    check_same_bits("huber", list(RNG.standard_normal((2, 300, 1001)).astype("f4")), {})


def test_huber_nan_and_infinity_propagate():
    assert np.isnan(fnn.ops.huber([np.nan], [0.0]))
    assert np.isinf(fnn.ops.huber([-np.inf], [0.0]))


def test_huber_equals_torch():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    a, y = 2 * RNG.standard_normal((2, 9, 5))
    want = torch.nn.functional.huber_loss(torch.tensor(a), torch.tensor(y), delta=0.7).item()
    check_op("huber", [a, y], {"delta": 0.7}, want)


@pytest.mark.parametrize("delta", [0.0, -1.0, float("nan")])
def test_huber_delta_must_be_positive(delta):
    with pytest.raises(ValueError) as raised:
        fnn.ops.huber([1.0], [1.0], delta=delta)
    assert str(raised.value) == f"huber: delta must be > 0, got {delta:g}"
