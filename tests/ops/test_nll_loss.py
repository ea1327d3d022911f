"""Negative log-likelihood of log-probabilities."""

import numpy as np
import pytest

import fastnn as fnn
from laws import check_op, check_same_bits

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(1, 2), (17, 10), (3, 5, 7)])
def test_nll_loss_labels(shape):
    log_p = -RNG.random(shape)
    labels = RNG.integers(0, shape[-1], shape[:-1])
    want = -np.take_along_axis(log_p, labels[..., None], -1).sum() / shape[0]
    check_op("nll_loss", [log_p, labels], {}, want)
    want = -np.take_along_axis(log_p, labels[..., None], -1).mean()
    check_op("nll_loss", [log_p, labels], {"per_label": 1}, want)


def test_nll_loss_soft_targets():
    log_p, y = RNG.standard_normal((2, 6, 9))
    check_op("nll_loss", [log_p, y], {}, -(log_p * y).sum() / 6)


def test_nll_loss_equals_torch():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    log_p, labels = RNG.standard_normal((6, 9)), RNG.integers(0, 9, 6)
    want = torch.nn.functional.nll_loss(torch.tensor(log_p), torch.tensor(labels)).item()
    check_op("nll_loss", [log_p, labels], {}, want)


def test_nll_loss_unknown_label_is_nan():
    assert np.isnan(fnn.ops.nll_loss([[-1.0, -1.0]], [2]))


def test_nll_loss_same_bits_for_any_thread_count():
    log_p = RNG.standard_normal((40000, 10)).astype("f4")
    check_same_bits("nll_loss", [log_p, RNG.integers(0, 10, 40000)], {})
