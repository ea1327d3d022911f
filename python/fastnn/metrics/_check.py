"""Targets and predictions as the metrics compare them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn._arrays import detached

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


def numbers(value: Any, where: str, name: str) -> NDArray[Any]:
    """An array of numbers without NaN, at least one."""
    array = _array(value, where, name)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{where}: {name} must hold numbers, got dtype {array.dtype}")
    if array.size == 0:
        raise ValueError(f"{where}: {name} must have at least 1 value, got shape {array.shape}")
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise ValueError(f"{where}: {name} must hold no NaN, got {int(np.isnan(array).sum())}")
    return array


def _array(value: Any, where: str, name: str) -> NDArray[Any]:
    given = detached(value, where, name)
    try:
        return np.asarray(given)
    except ValueError:
        raise ValueError(
            f"{where}: {name} must have rows of one length, got rows of several"
        ) from None


def pair(y_true: Any, y_pred: Any, where: str) -> tuple[Floats, Floats]:
    """Values of one shape, as float64; finite, for their differences are what is measured."""
    true, pred = numbers(y_true, where, "y_true"), numbers(y_pred, where, "y_pred")
    if true.shape != pred.shape and true.ndim + 1 == pred.ndim and pred.shape[-1] == 1:
        pred = pred[..., 0]  # (N, 1): a network with one output unit
    if true.shape != pred.shape:
        raise ValueError(
            f"{where}: y_pred must have shape {true.shape} as y_true has, got {np.shape(y_pred)}"
        )
    for name, array in (("y_true", true), ("y_pred", pred)):
        if not np.isfinite(array).all():
            count = int(np.isinf(array).sum())
            raise ValueError(f"{where}: {name} must hold finite numbers, got {count} infinite")
    return true.astype(np.float64), pred.astype(np.float64)


def scores(y_true: Any, y_pred: Any, where: str) -> tuple[Labels, Floats]:
    """Labels (M,) and the scores (M, K) of the classes; leading axes become one.

    ``y_true`` holds labels or one-hot rows; ``y_pred`` holds a row of K scores for each, or, for
    two classes, the probability of class 1 alone. Scores may be infinite, as the logarithm of a
    probability of 0 is: their order counts.
    """
    true, pred = numbers(y_true, where, "y_true"), numbers(y_pred, where, "y_pred")
    if pred.ndim > 1 and pred.shape[-1] == 1:  # (N, 1): one sigmoid unit
        pred = pred[..., 0]
        true = true[..., 0] if true.ndim == pred.ndim + 1 and true.shape[-1] == 1 else true
        binary = True
    else:
        binary = true.ndim == 1 and pred.ndim == 1
    if binary:
        if true.shape != pred.shape:
            raise ValueError(
                f"{where}: y_pred must have one value per label of y_true, shape {true.shape}, "
                f"got {np.shape(y_pred)}"
            )
        table = np.stack([1.0 - pred, pred], axis=-1)
    elif true.shape == pred.shape:
        true, table = true.argmax(axis=-1), pred
    elif true.shape == pred.shape[:-1]:
        table = pred
    else:
        raise ValueError(
            f"{where}: y_pred must have shape {(*true.shape, 'K')} for labels of shape "
            f"{true.shape}, got {pred.shape}".replace("'K'", "K")
        )
    k = table.shape[-1]
    return labels(true.reshape(-1), where, "y_true", k), table.reshape(-1, k).astype(np.float64)


def classes(y_true: Any, y_pred: Any, where: str) -> tuple[Labels, Labels, int | None]:
    """Labels, predicted labels (given as such, or the best of the scores), the number of scores."""
    pred = _array(y_pred, where, "y_pred")
    if pred.dtype.kind in "iub" and pred.shape == _array(y_true, where, "y_true").shape:
        true = numbers(y_true, where, "y_true")
        return (
            labels(true.reshape(-1), where, "y_true"),
            labels(numbers(pred, where, "y_pred").reshape(-1), where, "y_pred"),
            None,
        )
    true, table = scores(y_true, y_pred, where)
    return true, table.argmax(axis=1), table.shape[1]


def labels(array: NDArray[Any], where: str, name: str, k: int | None = None) -> Labels:
    """Whole numbers >= 0, below ``k`` where it is given, as int64."""
    with np.errstate(invalid="ignore"):  # of infinity, which is no label
        whole = array.astype(np.int64)
    bad = (whole != array) | (whole < 0) | (whole >= k if k is not None else False)
    if bad.any():
        rule = "integers >= 0" if k is None else f"integers in 0..{k - 1}"
        raise ValueError(f"{where}: {name} must hold labels, {rule}, got {array[bad.argmax()]}")
    return whole
