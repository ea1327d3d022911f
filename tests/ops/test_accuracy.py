"""Share of right predictions."""

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core
from laws import check_same_bits, check_values

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(1, 2), (33, 10), (5, 7, 17), (3000, 9)])
def test_accuracy_labels_and_one_hot(shape):
    p = np.round(RNG.random(shape), 1)  # with ties
    labels = RNG.integers(0, shape[-1], shape[:-1])
    want = (p.argmax(-1) == labels).mean()
    check_values("accuracy", [p, labels], {}, want)
    check_values("accuracy", [p, np.eye(shape[-1])[labels]], {}, want)
    check_values("accuracy", [p, np.eye(shape[-1], dtype=int)[labels]], {}, want)


@pytest.mark.parametrize("shape", [(20,), (20, 1)])
def test_accuracy_of_one_output_is_a_threshold(shape):
    p, y = RNG.random(shape), RNG.integers(0, 2, 20)
    p[3], y[3] = 0.5, 1
    want = ((p.ravel() >= 0.5) == y).mean()
    check_values("accuracy", [p, y], {}, want)
    check_values("accuracy", [p, y.astype("f8").reshape(shape)], {}, want)


def test_accuracy_a_row_with_nan_is_wrong():
    p = [[0.1, np.nan, 0.2], [0.1, 0.8, 0.1], [np.nan, 0.9, 0.1]]
    assert float(fnn.ops.accuracy(p, [1, 1, 1])) == pytest.approx(1 / 3)
    assert float(fnn.ops.accuracy([[np.nan]], [0])) == 0


@pytest.mark.parametrize("shape", [(2, 3), (2, 1)])
@pytest.mark.parametrize("label", [-1, 3])
def test_accuracy_unknown_label_is_nan(shape, label):
    assert np.isnan(fnn.ops.accuracy(np.zeros(shape), [0, label]))


def test_accuracy_of_no_rows_is_nan():
    assert np.isnan(fnn.ops.accuracy(np.zeros((0, 3)), np.zeros(0, int)))


def test_accuracy_same_bits_for_any_thread_count():
    p = RNG.random((40000, 10)).astype("f4")
    check_same_bits("accuracy", [p, RNG.integers(0, 10, 40000)], {})


def test_accuracy_has_no_gradient():
    assert not _core.has_gradient("accuracy")


def test_accuracy_needs_a_class():
    with pytest.raises(ValueError) as raised:
        fnn.ops.accuracy(np.zeros((3, 0)), np.zeros(3, int))
    assert str(raised.value) == (
        "accuracy: p must have at least 1 class on its last axis, got shape (3, 0)"
    )


@pytest.mark.parametrize(
    "metric", [fnn.ops.accuracy, lambda p, y: fnn.ops.top_k_accuracy(p, y, k=2)]
)
@pytest.mark.parametrize("at", [0, 2])
def test_nan_in_a_one_hot_row_names_no_class(metric, at):
    y = np.eye(3)
    y[1, at] = np.nan
    assert np.isnan(metric(np.eye(3), y))
    assert metric(np.eye(3), np.eye(3)) == 1
