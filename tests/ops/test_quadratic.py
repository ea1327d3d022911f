"""Quadratic cost, and the rules of targets that all costs share."""

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core
from laws import check_op, check_same_bits

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(1, 1), (7,), (3, 17), (2, 3, 31), (33, 33)])
def test_quadratic_values_and_gradient(shape):
    a, y = RNG.standard_normal((2, *shape))
    check_op("quadratic", [a, y], {}, ((a - y) ** 2).sum() / (2 * shape[0]))


def test_quadratic_labels_are_one_hot_rows():
    a = RNG.standard_normal((70, 9))
    labels = RNG.integers(0, 9, 70)
    y = np.eye(9)[labels]
    check_op("quadratic", [a, labels], {}, ((a - y) ** 2).sum() / 140)


def test_quadratic_labels_with_time():
    a = RNG.standard_normal((3, 5, 4))
    labels = RNG.integers(0, 4, (3, 5))
    check_op("quadratic", [a, labels], {}, ((a - np.eye(4)[labels]) ** 2).sum() / 6)


def test_quadratic_classes_longer_than_a_block():
    a = RNG.standard_normal((3, 1300))
    labels = np.array([0, 1299, 600])
    y = np.zeros((3, 1300))
    y[[0, 1, 2], labels] = 1
    check_op("quadratic", [a, labels], {}, ((a - y) ** 2).sum() / 6, gradient=False)


def test_quadratic_one_unit_takes_integers_and_flat_targets():
    a = RNG.standard_normal((5, 1))
    y = np.array([3, -1, 0, 1, 2])
    want = ((a[:, 0] - y) ** 2).sum() / 10
    check_op("quadratic", [a, y], {}, want)
    check_op("quadratic", [a, y.astype("f8")], {}, want)


def test_quadratic_same_bits_for_any_thread_count():
    a, y = RNG.standard_normal((2, 300, 1001)).astype("f4")
    check_same_bits("quadratic", [a, y], {})


def test_quadratic_sum_is_as_good_as_float64():
    a = (RNG.standard_normal((1000, 1000)) + 1).astype("f4")
    y = np.zeros_like(a)
    want = (a.astype("f8") ** 2).sum() / 2000
    assert abs(float(fnn.ops.quadratic(a, y)) - want) <= 1e-7 * want


def test_quadratic_of_no_rows_is_nan():
    assert np.isnan(fnn.ops.quadratic(np.zeros((0, 3)), np.zeros((0, 3))))


@pytest.mark.parametrize("label", [-1, 3, 2**62])
def test_quadratic_unknown_label_is_nan(label):
    a = np.zeros((2, 3), "f4")
    labels = np.array([1, label])
    assert np.isnan(fnn.ops.quadratic(a, labels))
    da, none = fnn.ops.vjp("quadratic", a, labels, dy=1.0, integers=(1,))
    assert none is None
    assert np.isfinite(da[0]).all() and np.isnan(da[1]).all()


def test_quadratic_nan_and_infinity_propagate():
    assert np.isnan(fnn.ops.quadratic([[np.nan, 1.0]], [[0.0, 0.0]]))
    assert np.isinf(fnn.ops.quadratic([[np.inf, 1.0]], [[0.0, 0.0]]))


@pytest.mark.parametrize(
    ("a", "y", "error", "text"),
    [
        (
            np.zeros((4, 3)),
            np.zeros(4),
            ValueError,
            "quadratic: y must have shape (4, 3), or (4,) as int64 labels, because a has shape "
            "(4, 3), got float64 (4,)",
        ),
        (
            np.zeros((4, 3)),
            np.zeros((4, 2), int),
            ValueError,
            "quadratic: y must have shape (4, 3), or (4,) as int64 labels, because a has shape "
            "(4, 3), got int64 (4, 2)",
        ),
        (
            np.zeros(4),
            np.zeros(3),
            ValueError,
            "quadratic: y must have shape (4,) because a has, got (3,)",
        ),
        (
            np.zeros(()),
            np.zeros(()),
            ValueError,
            "quadratic: a must have at least 1 axis, got shape ()",
        ),
        (
            np.zeros(3, int),
            np.zeros(3),
            TypeError,
            "quadratic: a must be float32 or float64, got int64",
        ),
        (
            np.zeros(3, "f4"),
            np.zeros(3),
            TypeError,
            "quadratic: y must be float32 because a is, or int64 labels, got float64",
        ),
    ],
)
def test_quadratic_errors(a, y, error, text):
    with pytest.raises(error) as raised:
        _core.call("quadratic", [a, y], {})
    assert str(raised.value) == text


def test_quadratic_errors_name_an_unknown_batch():
    with pytest.raises(ValueError) as raised:
        _core.infer("quadratic", "Cost", [(None, 3), (None, 4)], ["float32", "float32"], {})
    assert str(raised.value) == (
        "Cost: y must have shape (N, 3), or (N,) as int64 labels, because a has shape (N, 3), "
        "got float32 (N, 4)"
    )
