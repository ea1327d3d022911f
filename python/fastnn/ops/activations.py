"""Activation functions."""

from __future__ import annotations

from typing import Any

from fastnn.ops.tensor import call

__all__ = ["sigmoid"]


def sigmoid(x: Any) -> Any:
    """Logistic function, ``y = 1 / (1 + exp(-x))``.

    Parameters
    ----------
    x : float array or Tensor, any shape

    Returns
    -------
    y : array or Tensor like ``x``
        Values in [0, 1].

    Raises
    ------
    TypeError
        If ``x`` does not hold real numbers.

    Source
    ------
    Rumelhart, Hinton and Williams, Learning representations by back-propagating errors, Nature 323
    (1986).

    Examples
    --------
    >>> sigmoid([1.0, 10.0, 2.0]).round(5)
    array([0.73106, 0.99995, 0.8808 ], dtype=float32)
    """
    return call("sigmoid", x)
