"""Metrics of classification.

Throughout, ``y_true`` holds integer labels (N,) or one-hot rows (N, K), and ``y_pred`` what a model
gives: scores or probabilities (N, K), the probability of class 1 (N,) or (N, 1), or integer labels
(N,). Sequences and maps have further axes after N. Where two scores are equal the lower class wins.
"""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn._checks import check_count, is_one_of
from fastnn.metrics._check import Floats, Labels, classes, scores

_BYTES_OF_CLASS = 64  # counts, their copies as floats, and what is computed from them


def accuracy(y_true: Any, y_pred: Any) -> float:
    """Share of samples whose class is predicted.

    Parameters
    ----------
    y_true : array, labels (N,) or one-hot (N, K)
    y_pred : array, scores (N, K), probabilities of class 1 (N,) or (N, 1), or labels (N,)
        Scores may be infinite, as the logarithm of a probability of 0 is: their order counts.

    Returns
    -------
    float in [0, 1]

    Raises
    ------
    ValueError
        If shapes do not match, a label is outside 0..K-1, or there is NaN.

    Examples
    --------
    >>> accuracy([0, 1, 2, 2], [[0.9, 0.1, 0.0], [0.2, 0.5, 0.3], [0.1, 0.2, 0.7], [1.0, 0, 0]])
    0.75
    """
    true, pred, _ = classes(y_true, y_pred, "accuracy")
    return float((true == pred).mean())


def top_k_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> float:
    """Share of samples whose class is among the ``k`` of the highest scores.

    Parameters
    ----------
    y_true : array, labels (N,) or one-hot (N, K)
    y_pred : array, scores (N, K)
    k : int, 1 <= k

    Returns
    -------
    float in [0, 1]

    Raises
    ------
    ValueError
        As ``accuracy``, or if ``k`` is < 1.
    TypeError
        If ``k`` is no integer.

    Examples
    --------
    >>> top_k_accuracy([2, 0], [[0.5, 0.2, 0.3], [0.2, 0.3, 0.5]], k=2)
    0.5
    """
    k = check_count("top_k_accuracy", "k", k)
    true, table = scores(y_true, y_pred, "top_k_accuracy")
    own = table[np.arange(len(true)), true][:, None]
    lower = np.arange(table.shape[1]) < true[:, None]
    rank = (table > own).sum(axis=1) + ((table == own) & lower).sum(axis=1)
    return float((rank < k).mean())


def confusion_matrix(y_true: Any, y_pred: Any, n_classes: int | None = None) -> NDArray[np.int64]:
    """How often class i (row) was predicted as class j (column).

    Parameters
    ----------
    y_true : array, labels (N,) or one-hot (N, K)
    y_pred : array, scores (N, K), probabilities of class 1 (N,) or (N, 1), or labels (N,)
    n_classes : int, >= 1, optional
        K; by default the number of scores, or the highest label + 1.

    Returns
    -------
    int64 array, shape (K, K)

    Raises
    ------
    ValueError
        As ``accuracy``, if a label is not below ``n_classes``, or if this machine's memory does not
        hold the matrix.
    TypeError
        If ``n_classes`` is no integer.

    Examples
    --------
    >>> confusion_matrix([0, 0, 1, 2], [0, 1, 1, 0])
    array([[1, 1, 0],
           [0, 1, 0],
           [1, 0, 0]])
    """
    where = "confusion_matrix"
    if n_classes is not None:
        n_classes = check_count(where, "n_classes", n_classes)
    true, pred, given = classes(y_true, y_pred, where)
    highest = int(max(true.max(), pred.max()))
    k = n_classes or given or highest + 1
    if highest >= k:
        raise ValueError(f"{where}: n_classes must be at least {highest + 1}, got {n_classes}")
    most = math.isqrt(_memory() // 8)
    if k > most:
        raise ValueError(
            f"{where}: n_classes must be at most {most}, whose matrix fills this machine's memory, "
            f"got {k}; number the classes from 0 on without gaps"
        )
    counts: Labels = np.bincount(true * k + pred, minlength=k * k).reshape(k, k)
    return counts


def precision(y_true: Any, y_pred: Any, average: str | None = "macro") -> Any:
    """Of the samples predicted as a class, the share that belongs to it.

    Parameters
    ----------
    y_true : array, labels (N,) or one-hot (N, K)
    y_pred : array, scores (N, K), probabilities of class 1 (N,) or (N, 1), or labels (N,)
    average : "macro", "micro", "weighted" or None
        Mean over the classes that occur; all decisions in one; mean weighted by how often a class
        is true; or None for one value per class. A share of nothing counts as 0.

    Returns
    -------
    float in [0, 1], or float64 array (K,) for ``average=None``

    Raises
    ------
    ValueError
        As ``accuracy``, or if ``average`` is none of these, or if it is None and this machine's
        memory does not hold a value for each class up to the highest label.

    Examples
    --------
    >>> precision([0, 1, 1, 1], [0, 0, 1, 1], average=None)
    array([0.5, 1. ])
    """
    hit, called, is_ = _counts(y_true, y_pred, average, "precision")
    return _average(hit, called, called, is_, average)


def recall(y_true: Any, y_pred: Any, average: str | None = "macro") -> Any:
    """Of the samples of a class, the share that is predicted as it.

    Parameters
    ----------
    y_true : array, labels (N,) or one-hot (N, K)
    y_pred : array, scores (N, K), probabilities of class 1 (N,) or (N, 1), or labels (N,)
    average : "macro", "micro", "weighted" or None
        As in ``precision``.

    Returns
    -------
    float in [0, 1], or float64 array (K,) for ``average=None``

    Raises
    ------
    ValueError
        As ``precision``.

    Examples
    --------
    >>> recall([0, 1, 1, 1], [0, 0, 1, 1], average=None).round(4)
    array([1.    , 0.6667])
    """
    hit, called, is_ = _counts(y_true, y_pred, average, "recall")
    return _average(hit, is_, called, is_, average)


def f1(y_true: Any, y_pred: Any, average: str | None = "macro") -> Any:
    """Harmonic mean of precision and recall, ``2 hits / (predicted + true)``.

    Parameters
    ----------
    y_true : array, labels (N,) or one-hot (N, K)
    y_pred : array, scores (N, K), probabilities of class 1 (N,) or (N, 1), or labels (N,)
    average : "macro", "micro", "weighted" or None
        As in ``precision``; "macro" is the mean of the classes' own values.

    Returns
    -------
    float in [0, 1], or float64 array (K,) for ``average=None``

    Raises
    ------
    ValueError
        As ``precision``.

    Examples
    --------
    >>> f1([0, 1, 1, 1], [0, 0, 1, 1], average=None).round(4)
    array([0.6667, 0.8   ])
    """
    hit, called, is_ = _counts(y_true, y_pred, average, "f1")
    return _average(2 * hit, called + is_, called, is_, average)


def log_loss(y_true: Any, y_pred: Any) -> float:
    """Mean of ``-log p`` of the true classes, in nats: the cross-entropy of a trained model.

    Parameters
    ----------
    y_true : array, labels (N,) or one-hot (N, K)
    y_pred : array, probabilities (N, K), or of class 1 (N,) or (N, 1)
        Each >= 0; a row is divided by its sum. Values below 2.2e-16 count as that.

    Returns
    -------
    float, >= 0

    Raises
    ------
    ValueError
        As ``accuracy``, or if a probability is outside [0, 1].

    Examples
    --------
    >>> round(log_loss([0, 1], [[0.5, 0.5], [0.25, 0.75]]), 4)
    0.4904
    """
    true, table = scores(y_true, y_pred, "log_loss")
    outside = (table < 0) | (table > 1)
    if outside.any():
        raise ValueError(
            f"log_loss: y_pred must hold probabilities in [0, 1], got {table[outside][0]}"
        )
    own = table[np.arange(len(true)), true] / table.sum(axis=1)
    return float(-np.log(np.maximum(own, np.finfo(np.float64).eps)).mean())


def roc_auc(y_true: Any, y_pred: Any) -> float:
    """Probability that a sample of a class scores higher than one outside it, ties counting half.

    Parameters
    ----------
    y_true : array, labels (N,) or one-hot (N, K)
    y_pred : array, scores (N, K), or of class 1 (N,) or (N, 1)
        For K > 2 the result is the mean over the classes, each against the rest.

    Returns
    -------
    float in [0, 1]
        The area under the ROC curve.

    Raises
    ------
    ValueError
        As ``accuracy``, or if a class does not occur.

    Source
    ------
    J. A. Hanley, B. J. McNeil, The meaning and use of the area under a ROC curve, Radiology 143
    (1982).

    Examples
    --------
    >>> roc_auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    true, table = scores(y_true, y_pred, "roc_auc")
    k = table.shape[1]
    present = np.bincount(true, minlength=k)
    if (present == 0).any() or k < 2:
        raise ValueError(
            f"roc_auc: y_true must hold each of the {k} classes, and 2 at least, got "
            f"{np.flatnonzero(present).tolist()}"
        )
    own = [1] if k == 2 else range(k)
    return float(np.mean([_area(true == c, table[:, c]) for c in own]))


def _area(positive: NDArray[np.bool_], score: Floats) -> float:
    """Mann and Whitney's statistic from mean ranks."""
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[place.reshape(-1)]  # from 1, ties share the mean
    m = int(positive.sum())
    n = len(score) - m
    return float((rank[positive].sum() - m * (m + 1) / 2) / (m * n))


def _memory() -> int:
    """Bytes of this machine's memory; where it does not tell, those that 47 bits address."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 1 << 47


def _counts(
    y_true: Any, y_pred: Any, average: str | None, where: str
) -> tuple[Floats, Floats, Floats]:
    """Hits, times predicted, times true: per class, of those alone that occur where they are averaged.

    A class that does not occur adds nothing to any average.
    """
    if average is not None and not is_one_of(average, ("macro", "micro", "weighted")):
        raise ValueError(
            f"{where}: average must be 'macro', 'micro', 'weighted' or None, got {average!r}"
        )
    true, pred, k = classes(y_true, y_pred, where)
    if average is None:
        k = k or int(max(true.max(), pred.max())) + 1
        most = _memory() // _BYTES_OF_CLASS
        if k > most:
            raise ValueError(
                f"{where}: labels must be below {most}, as average=None gives each class a value, "
                f"got {k - 1}; number the classes from 0 on without gaps"
            )
    else:
        known, places = np.unique(np.concatenate([true, pred]), return_inverse=True)
        true, pred = np.split(places.reshape(-1), [len(true)])
        k = len(known)
    hit, called, is_ = (
        np.bincount(c, minlength=k).astype(np.float64) for c in (true[true == pred], pred, true)
    )
    return hit, called, is_


def _average(above: Floats, below: Floats, called: Floats, is_: Floats, average: str | None) -> Any:
    if average == "micro":
        return float(above.sum() / below.sum())
    share = np.divide(above, below, out=np.zeros_like(above), where=below > 0)
    if average == "macro":
        return float(share[(called > 0) | (is_ > 0)].mean())
    if average == "weighted":
        return float((share * is_).sum() / is_.sum())
    return share
