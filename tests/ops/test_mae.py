"""Mean absolute error over all elements."""

import numpy as np
import pytest

from fastnn import _core
from laws import check_op, check_same_bits

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(1,), (8, 1), (3, 15), (2, 3, 9)])
def test_mae_values_and_gradient(shape):
    a, y = RNG.standard_normal((2, *shape))
    check_op("mae", [a, y], {}, np.abs(a - y).mean())


def test_mae_labels_are_one_hot_rows():
    a = RNG.standard_normal((6, 4))
    labels = RNG.integers(0, 4, 6)
    check_op("mae", [a, labels], {}, np.abs(a - np.eye(4)[labels]).mean())


def test_mae_same_bits_for_any_thread_count():
    check_same_bits("mae", list(RNG.standard_normal((2, 300, 1001)).astype("f4")), {})


def test_mae_equals_torch():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    a, y = RNG.standard_normal((2, 9, 5))
    want = torch.nn.functional.l1_loss(torch.tensor(a), torch.tensor(y)).item()
    check_op("mae", [a, y], {}, want)


def test_mae_slope_is_zero_at_the_target_and_nan_at_nan():
    a = np.array([1.0, np.nan, 3.0, -2.0])
    y = np.array([1.0, 0.0, 0.0, 0.0])
    da, _ = _core.vjp("mae", [a, y], {}, [np.array(4.0)])
    np.testing.assert_array_equal(da, [0, np.nan, 1, -1])
