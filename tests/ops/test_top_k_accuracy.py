"""Share of labels among the k largest predictions."""

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core
from laws import check_same_bits, check_values

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("k", [1, 3, 10])
def test_top_k_accuracy_labels_and_one_hot(k):
    p, labels = np.round(RNG.random((200, 10)), 1), RNG.integers(0, 10, 200)
    first = np.argsort(-p, axis=-1, kind="stable")[:, :k]
    want = (first == labels[:, None]).any(-1).mean()
    check_values("top_k_accuracy", [p, labels], {"k": k}, want)
    check_values("top_k_accuracy", [p, np.eye(10)[labels]], {"k": k}, want)


def test_top_k_accuracy_default_is_five():
    p = np.arange(10.0)[None, ::-1]
    assert [float(fnn.ops.top_k_accuracy(p, [j])) for j in (0, 4, 5)] == [1, 1, 0]


def test_top_k_accuracy_same_bits_for_any_thread_count():
    p = RNG.random((40000, 10)).astype("f4")
    check_same_bits("top_k_accuracy", [p, RNG.integers(0, 10, 40000)], {"k": 3})


def test_top_k_accuracy_has_no_gradient():
    assert not _core.has_gradient("top_k_accuracy")


@pytest.mark.parametrize("k", [0, 4])
def test_top_k_accuracy_k_out_of_range(k):
    with pytest.raises(ValueError) as raised:
        fnn.ops.top_k_accuracy(np.zeros((2, 3)), [0, 1], k=k)
    assert (
        str(raised.value) == f"top_k_accuracy: k must be between 1 and the 3 classes of p, got {k}"
    )
