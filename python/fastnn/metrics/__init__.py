"""Figures of merit, computed in float64 by NumPy from targets and what a model gives for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastnn.metrics._classification import (
    accuracy,
    confusion_matrix,
    f1,
    log_loss,
    precision,
    recall,
    roc_auc,
    top_k_accuracy,
)
from fastnn.metrics._regression import mae, mse, r2

__all__ = [
    "accuracy",
    "confusion_matrix",
    "f1",
    "get",
    "log_loss",
    "mae",
    "mse",
    "precision",
    "r2",
    "recall",
    "roc_auc",
    "top_k_accuracy",
]

Metric = Callable[[Any, Any], Any]

_BY_NAME: dict[str, Metric] = {
    "accuracy": accuracy,
    "f1": f1,
    "log_loss": log_loss,
    "mae": mae,
    "mse": mse,
    "precision": precision,
    "r2": r2,
    "recall": recall,
    "roc_auc": roc_auc,
    "top_k_accuracy": top_k_accuracy,
}


def get(metric: str | Metric) -> Metric:
    """The metric of a name; a function ``f(y_true, y_pred)`` is its own.

    Parameters
    ----------
    metric : str or callable

    Returns
    -------
    callable

    Raises
    ------
    ValueError
        If there is no metric of that name.
    TypeError
        If it is neither a name nor a function.

    Examples
    --------
    >>> get("mse")([1.0, 2.0], [1.0, 4.0])
    2.0
    """
    if callable(metric):
        return metric
    if not isinstance(metric, str):
        raise TypeError(f"metrics: metric must be a name or a function, got {metric!r}")
    if metric not in _BY_NAME:
        raise ValueError(
            f"metrics: metric must be one of {', '.join(_BY_NAME)} or a function, got {metric!r}"
        )
    return _BY_NAME[metric]
