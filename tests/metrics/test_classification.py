"""Metrics of classification against scikit-learn and by hand."""

import re
import tracemalloc

import numpy as np
import pytest

from fastnn import metrics

RNG = np.random.default_rng(0)


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def case(n, k):
    y = RNG.integers(0, k, n)
    y[:k] = np.arange(k)
    return y, softmax(RNG.standard_normal((n, k)) + 2 * np.eye(k)[y])


CASES = [case(n, k) for n, k in [(2, 2), (17, 2), (33, 3), (200, 10), (5, 5)]]


@pytest.mark.parametrize(("y", "p"), CASES)
def test_equal_to_scikit_learn(y, p):
    sk = pytest.importorskip("sklearn.metrics")
    k = p.shape[1]
    pred = p.argmax(axis=1)
    assert metrics.accuracy(y, p) == sk.accuracy_score(y, pred)
    for top in (1, 2, 3):
        if top < k > 2:
            want = sk.top_k_accuracy_score(y, p, k=top, labels=range(k))
            assert metrics.top_k_accuracy(y, p, top) == pytest.approx(want, abs=1e-12)
    np.testing.assert_array_equal(
        metrics.confusion_matrix(y, p), sk.confusion_matrix(y, pred, labels=range(k))
    )
    for name in ("precision", "recall", "f1"):
        for average in ("macro", "micro", "weighted", None):
            got = getattr(metrics, name)(y, pred, average=average)
            want = getattr(sk, name + "_score")(y, pred, average=average, zero_division=0)
            np.testing.assert_allclose(got, want, rtol=1e-12)
    assert metrics.log_loss(y, p) == pytest.approx(sk.log_loss(y, p), rel=1e-12)
    if k == 2:
        want = sk.roc_auc_score(y, p[:, 1])
    else:
        want = sk.roc_auc_score(y, p, multi_class="ovr", average="macro")
    assert metrics.roc_auc(y, p) == pytest.approx(want, rel=1e-12)


def test_binary_auc_with_ties_equals_scikit_learn():
    sk = pytest.importorskip("sklearn.metrics")
    y = RNG.integers(0, 2, 300)
    score = RNG.integers(0, 9, 300) / 10
    assert metrics.roc_auc(y, score) == pytest.approx(sk.roc_auc_score(y, score), rel=1e-12)


@pytest.mark.parametrize("name", ["accuracy", "log_loss", "f1", "roc_auc", "top_k_accuracy"])
def test_forms_of_targets_and_scores_agree(name):
    y, p = CASES[2]
    metric = metrics.get(name)
    want = metric(y, p)
    for form in (np.eye(3)[y], np.eye(3, dtype=int)[y], y.astype("f4"), y.astype("u1"), y.tolist()):
        assert metric(form, p) == want
    y, p = CASES[1]
    want = metric(y, p)
    for form in (p[:, 1], p[:, 1:]):
        assert metric(y, form) == pytest.approx(want, rel=1e-12)
        assert metric(y.astype("f4"), form) == pytest.approx(want, rel=1e-12)
        assert metric(y[:, None], p[:, 1:]) == pytest.approx(want, rel=1e-12)


def test_sequences_count_every_step():
    y = RNG.integers(0, 3, (4, 5))
    p = RNG.random((4, 5, 3))
    assert metrics.accuracy(y, p) == metrics.accuracy(y.reshape(-1), p.reshape(-1, 3))
    assert metrics.accuracy(y, y) == 1.0
    assert metrics.accuracy(y, p.argmax(-1)) == metrics.accuracy(y, p)


def test_equal_scores_give_the_lower_class():
    p = np.full((3, 4), 0.25)
    assert metrics.accuracy([0, 0, 0], p) == 1.0
    assert metrics.accuracy([1, 2, 3], p) == 0.0
    assert [metrics.top_k_accuracy([2], p[:1], k) for k in (1, 2, 3, 9)] == [0.0, 0.0, 1.0, 1.0]


def test_share_of_nothing_is_zero():
    assert metrics.precision([0, 1], [0, 0], average=None).tolist() == [0.5, 0.0]
    assert metrics.recall([0, 0], [0, 1], average=None).tolist() == [0.5, 0.0]
    assert metrics.f1([0, 2], [0, 2], average=None).tolist() == [1.0, 0.0, 1.0]
    assert metrics.f1([0, 2], [0, 2]) == 1.0  # class 1 does not occur


@pytest.mark.parametrize("high", [60_000, 2**40, 2**63 - 1])
@pytest.mark.parametrize("average", ["macro", "micro", "weighted"])
@pytest.mark.parametrize("name", ["f1", "precision", "recall"])
def test_averages_are_of_the_classes_that_occur(name, average, high):
    metric = getattr(metrics, name)
    y, pred = RNG.integers(0, 4, 50), RNG.integers(0, 4, 50)
    far = np.array([0, 7, high - 1, high])
    tracemalloc.start()
    value = metric(far[y], far[pred], average=average)
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert value == metric(y, pred, average=average)
    assert used < 1e6


def test_values_per_class_cost_what_the_classes_do():
    tracemalloc.start()
    value = metrics.f1([0, 1, 60_000], [0, 1, 1], average=None)
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert value.shape == (60_001,)
    assert {i: value[i] for i in np.flatnonzero(value)} == {0: 1.0, 1: 2 / 3}
    assert used < 1e7


def test_certain_and_wrong_is_finite():
    assert metrics.log_loss([0], [[0.0, 1.0]]) == pytest.approx(-np.log(np.finfo(float).eps))
    assert metrics.log_loss([1], [[0.0, 1.0]]) == 0.0


def test_confusion_matrix_keeps_classes_that_do_not_occur():
    assert metrics.confusion_matrix([0, 1], [1, 1], n_classes=4).shape == (4, 4)
    assert metrics.confusion_matrix([0], [[0.9, 0.1, 0.0]]).shape == (3, 3)
    assert metrics.confusion_matrix([[1, 0, 0]], [[0.9, 0.1, 0.0]]).shape == (3, 3)


@pytest.mark.parametrize("high", [2**26, 2**40, 2**63 - 1])
def test_what_memory_does_not_hold_is_refused(high, monkeypatch):
    monkeypatch.setattr("os.sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 2**20}.get)
    advice = "number the classes from 0 on without gaps"
    text = (
        "confusion_matrix: n_classes must be at most 23170, whose matrix fills this machine's "
        f"memory, got {high + 1}; {advice}"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        metrics.confusion_matrix([0, high], [0, 1])
    text = (
        f"f1: labels must be below {2**26}, as average=None gives each class a value, got {high}; "
        f"{advice}"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        metrics.f1([0, high], [0, 1], average=None)


def test_inputs_are_not_changed():
    y, p = CASES[2]
    keep = y.copy(), p.copy()
    for name in ("accuracy", "log_loss", "f1", "roc_auc", "top_k_accuracy"):
        metrics.get(name)(y, p)
    np.testing.assert_array_equal(y, keep[0])
    np.testing.assert_array_equal(p, keep[1])


WORDS = np.array(["a", "b"])  # where one word belongs


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (
            lambda: metrics.accuracy([0, 1], np.zeros((3, 2))),
            ValueError,
            "accuracy: y_pred must have shape (2, K) for labels of shape (2,), got (3, 2)",
        ),
        (
            lambda: metrics.accuracy([0, 1], [0.5]),
            ValueError,
            "accuracy: y_pred must have one value per label of y_true, shape (2,), got (1,)",
        ),
        (
            lambda: metrics.accuracy([0, 3], np.zeros((2, 3))),
            ValueError,
            "accuracy: y_true must hold labels, integers in 0..2, got 3",
        ),
        (
            lambda: metrics.accuracy([0, -1], [0, 1]),
            ValueError,
            "accuracy: y_true must hold labels, integers >= 0, got -1",
        ),
        (
            lambda: metrics.accuracy([0.5, 1], np.zeros((2, 3))),
            ValueError,
            "accuracy: y_true must hold labels, integers in 0..2, got 0.5",
        ),
        (
            lambda: metrics.accuracy([0], [[np.nan, 1.0]]),
            ValueError,
            "accuracy: y_pred must hold no NaN, got 1",
        ),
        (
            lambda: metrics.accuracy([], []),
            ValueError,
            "accuracy: y_true must have at least 1 value, got shape (0,)",
        ),
        (
            lambda: metrics.accuracy(["a"], [0]),
            TypeError,
            "accuracy: y_true must hold numbers, got dtype <U1",
        ),
        (
            lambda: metrics.top_k_accuracy([0], [[1.0, 2.0]], 0),
            ValueError,
            "top_k_accuracy: k must be an integer >= 1, got 0",
        ),
        (
            lambda: metrics.top_k_accuracy([0], [[1.0, 2.0]], 1.5),
            TypeError,
            "top_k_accuracy: k must be an integer >= 1, got 1.5",
        ),
        (
            lambda: metrics.confusion_matrix([0, 2], [0, 1], n_classes=2),
            ValueError,
            "confusion_matrix: n_classes must be at least 3, got 2",
        ),
        (
            lambda: metrics.confusion_matrix([0], [0], n_classes=0),
            ValueError,
            "confusion_matrix: n_classes must be an integer >= 1, got 0",
        ),
        (
            lambda: metrics.confusion_matrix([0], [0], n_classes=2.5),
            TypeError,
            "confusion_matrix: n_classes must be an integer >= 1, got 2.5",
        ),
        (
            lambda: metrics.f1([0], [0], average="mean"),
            ValueError,
            "f1: average must be 'macro', 'micro', 'weighted' or None, got 'mean'",
        ),
        (
            lambda: metrics.f1([0], [0], average=WORDS),
            ValueError,
            f"f1: average must be 'macro', 'micro', 'weighted' or None, got {WORDS!r}",
        ),
        (
            lambda: metrics.log_loss([0], [[1.5, 0.0]]),
            ValueError,
            "log_loss: y_pred must hold probabilities in [0, 1], got 1.5",
        ),
        (
            lambda: metrics.roc_auc([1, 1], [0.5, 0.6]),
            ValueError,
            "roc_auc: y_true must hold each of the 2 classes, and 2 at least, got [1]",
        ),
        (
            lambda: metrics.get("auc"),
            ValueError,
            "metrics: metric must be one of accuracy, f1, log_loss, mae, mse, precision, r2, "
            "recall, roc_auc, top_k_accuracy or a function, got 'auc'",
        ),
        (
            lambda: metrics.get(3),
            TypeError,
            "metrics: metric must be a name or a function, got 3",
        ),
    ],
)
def test_error_texts(call, kind, text):
    with pytest.raises(kind, match=f"^{re.escape(text)}$"):
        call()


CLASSES = (
    "accuracy", "confusion_matrix", "f1", "log_loss", "precision", "recall", "roc_auc", "top_k_accuracy",
)  # fmt: skip


@pytest.mark.parametrize("name", CLASSES)
def test_rows_have_one_length_and_labels_are_finite(name):
    ragged = [[1.0, 2.0], [1.0]]
    rule = "must have rows of one length, got rows of several"
    cases = {
        f"y_true {rule}": (ragged, [0.0, 1.0]),
        f"y_pred {rule}": ([0, 1], ragged),
        "y_true must hold labels, integers in 0..1, got inf": ([0.0, np.inf], [0.0, 1.0]),
    }
    for text, given in cases.items():
        with pytest.raises(ValueError, match=f"^{re.escape(f'{name}: {text}')}$"):
            getattr(metrics, name)(*given)


def test_scores_may_be_infinite():
    y, log_p = [0, 1, 1], np.array([[0.0, -np.inf], [-np.inf, 0.0], [-1.0, np.inf]])
    assert metrics.accuracy(y, log_p) == metrics.top_k_accuracy(y, log_p, 1) == 1.0
    assert metrics.accuracy([1, 0], [np.inf, -np.inf]) == 1.0
    assert metrics.roc_auc([0, 1, 1], [-np.inf, 0.5, np.inf]) == 1.0
