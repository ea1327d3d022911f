"""Metrics of regression: targets and predictions of one shape."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.metrics._check import pair


def mse(y_true: Any, y_pred: Any) -> float:
    """Mean squared error over all values.

    Parameters
    ----------
    y_true, y_pred : arrays of one shape
        ``y_pred`` may be (N, 1) for targets (N,).

    Returns
    -------
    float, >= 0, in the square of the targets' unit

    Raises
    ------
    ValueError
        If shapes differ or a number is not finite.

    Examples
    --------
    >>> mse([1.0, 2.0], [1.0, 4.0])
    2.0
    """
    true, pred = pair(y_true, y_pred, "mse")
    return float(np.mean((true - pred) ** 2))


def mae(y_true: Any, y_pred: Any) -> float:
    """Mean absolute error over all values.

    Parameters
    ----------
    y_true, y_pred : arrays of one shape
        ``y_pred`` may be (N, 1) for targets (N,).

    Returns
    -------
    float, >= 0, in the targets' unit

    Raises
    ------
    ValueError
        If shapes differ or a number is not finite.

    Examples
    --------
    >>> mae([1.0, 2.0], [1.0, 4.0])
    1.0
    """
    true, pred = pair(y_true, y_pred, "mae")
    return float(np.mean(np.abs(true - pred)))


def r2(y_true: Any, y_pred: Any) -> float:
    """Share of the targets' variance that is explained, ``1 - sum (y - p)^2 / sum (y - mean y)^2``.

    Parameters
    ----------
    y_true, y_pred : arrays, shape (N,) or (N, D), N >= 2
        ``y_pred`` may be (N, 1) for targets (N,). The result is the mean over D columns; a constant
        column counts 1 where it is met exactly, else 0.

    Returns
    -------
    float, <= 1

    Raises
    ------
    ValueError
        If shapes differ, a number is not finite, or there are fewer than 2 samples.

    Examples
    --------
    >>> r2([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])
    0.5
    """
    true, pred = pair(y_true, y_pred, "r2")
    if true.ndim == 0 or len(true) < 2:
        raise ValueError(f"r2: y_true must have at least 2 samples, got shape {true.shape}")
    true, pred = true.reshape(len(true), -1), pred.reshape(len(pred), -1)
    rest = ((true - pred) ** 2).sum(axis=0)
    total = ((true - true.mean(axis=0)) ** 2).sum(axis=0)
    flat = np.where(rest == 0, 1.0, 0.0)
    explained = 1 - np.divide(rest, total, out=np.zeros_like(rest), where=total > 0)
    return float(np.where(total > 0, explained, flat).mean())
