"""Mean squared error over all elements."""

import numpy as np
import pytest

from laws import check_op, check_same_bits

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(1,), (8, 1), (3, 15), (2, 3, 9)])
def test_mse_values_and_gradient(shape):
    a, y = RNG.standard_normal((2, *shape))
    check_op("mse", [a, y], {}, ((a - y) ** 2).mean())


def test_mse_labels_are_one_hot_rows():
    a = RNG.standard_normal((6, 4))
    labels = RNG.integers(0, 4, 6)
    check_op("mse", [a, labels], {}, ((a - np.eye(4)[labels]) ** 2).mean())


def test_mse_same_bits_for_any_thread_count():
    check_same_bits("mse", list(RNG.standard_normal((2, 300, 1001)).astype("f4")), {})


def test_mse_equals_torch():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    a, y = RNG.standard_normal((2, 9, 5))
    want = torch.nn.functional.mse_loss(torch.tensor(a), torch.tensor(y)).item()
    check_op("mse", [a, y], {}, want)
