"""Hinge cost: Crammer and Singer for labels, binary for targets of -1 and +1."""

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core
from laws import check_op, check_same_bits

RNG = np.random.default_rng(0)


def crammer_singer(a, labels):
    rows = a.reshape(-1, a.shape[-1])
    total = 0.0
    for row, label in zip(rows, labels.ravel(), strict=True):
        total += max(0.0, 1 + np.delete(row, label).max() - row[label])
    return total / len(a)


@pytest.mark.parametrize("shape", [(1, 2), (9, 10), (3, 5, 7)])
def test_hinge_labels(shape):
    a, labels = RNG.standard_normal(shape), RNG.integers(0, shape[-1], shape[:-1])
    check_op("hinge", [a, labels], {}, crammer_singer(a, labels))


@pytest.mark.parametrize("shape", [(1,), (9, 1), (8, 33)])
def test_hinge_signs(shape):
    a, y = RNG.standard_normal(shape), np.sign(RNG.standard_normal(shape))
    check_op("hinge", [a, y], {}, np.maximum(0, 1 - y * a).sum() / shape[0])


@pytest.mark.parametrize("low", [0, -1])
def test_hinge_one_unit_takes_labels(low):
    a, y = RNG.standard_normal((20, 1)), RNG.integers(0, 2, 20)
    want = np.maximum(0, 1 - (2 * y - 1) * a[:, 0]).mean()
    check_op("hinge", [a, np.where(y == 1, 1, low)], {}, want)


@pytest.mark.parametrize("shape", [(2, 3), (2, 1)])
@pytest.mark.parametrize("label", [-2, 3])
def test_hinge_unknown_label_is_nan(shape, label):
    a, y = np.zeros(shape), np.array([0, label])
    assert np.isnan(fnn.ops.hinge(a, y))
    da, _ = _core.vjp("hinge", [a, y], {}, [np.array(1.0)])
    assert np.isfinite(da[0]).all() and np.isnan(da[1]).all()


def test_hinge_nan_propagates():
    for row in ([np.nan, 0.0, 0.0], [0.0, np.nan, 0.0], [0.0, 0.0, np.nan]):
        assert np.isnan(fnn.ops.hinge([row], [1]))
    assert np.isnan(fnn.ops.hinge([[np.nan]], [[1.0]]))


def test_hinge_same_bits_for_any_thread_count():
    a = RNG.standard_normal((40000, 10)).astype("f4")
    check_same_bits("hinge", [a, RNG.integers(0, 10, 40000)], {})
    check_same_bits("hinge", [a, np.sign(RNG.standard_normal(a.shape)).astype("f4")], {})
