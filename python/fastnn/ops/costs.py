"""Costs, averaged over the batch to one number, and the metrics that go with them.

A target ``y`` has the prediction's shape, or holds int64 labels without the last axis, which stand
for one-hot rows. A label that names no class makes the result NaN (and so the gradient of its row).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn._checks import is_one_of
from fastnn.ops.attributes import real, whole
from fastnn.ops.tensor import Tensor, call

__all__ = [
    "accuracy",
    "binary_cross_entropy",
    "cross_entropy",
    "hinge",
    "huber",
    "mae",
    "mse",
    "nll_loss",
    "quadratic",
    "sigmoid_binary_cross_entropy",
    "softmax_cross_entropy",
    "top_k_accuracy",
]

_REDUCTIONS = ("batch", "mean")


def _cost(op: str, a: Any, y: Any, **attrs: Any) -> Any:
    """Call a cost: integers with an axis less than the prediction are labels."""
    labels = False
    if not isinstance(y, Tensor):
        given = np.asarray(y)
        labels = given.dtype.kind in "iub" and given.ndim == _ndim(a) - 1
    return call(op, a, y, integers=(1,) if labels else (), **attrs)


def _ndim(x: Any) -> int:
    return x.ndim if isinstance(x, Tensor) else np.ndim(x)


def _per_label(op: str, reduction: str) -> int:
    if not is_one_of(reduction, _REDUCTIONS):
        raise ValueError(f"{op}: reduction must be one of {_REDUCTIONS}, got {reduction!r}")
    return int(reduction == "mean")


def quadratic(a: Any, y: Any) -> Any:
    """Quadratic cost, ``1/(2 N) sum |a - y|**2``: half the squared error, averaged over the batch.

    Parameters
    ----------
    a : float array or Tensor, shape (N, ...)
        Predictions.
    y : array or Tensor, shape of ``a``; or int labels, shape (N, ...) without the last axis
        Targets.

    Returns
    -------
    loss : float, shape ()

    Raises
    ------
    ValueError
        If ``y`` has neither shape.

    Source
    ------
    Nielsen, Neural Networks and Deep Learning, Determination Press (2015), chapter 1.

    Examples
    --------
    >>> float(quadratic([[1.0, 0.0], [0.0, 3.0]], [[0.0, 0.0], [0.0, 1.0]]))
    1.25
    """
    return _cost("quadratic", a, y)


def mse(a: Any, y: Any) -> Any:
    """Mean squared error over all elements, ``mean (a - y)**2``.

    Parameters
    ----------
    a : float array or Tensor, shape (N, ...)
        Predictions.
    y : array or Tensor, shape of ``a``; or int labels, shape (N, ...) without the last axis
        Targets.

    Returns
    -------
    loss : float, shape ()

    Raises
    ------
    ValueError
        If ``y`` has neither shape.

    Source
    ------
    Gauss, Theoria combinationis observationum erroribus minimis obnoxiae (1823).

    Examples
    --------
    >>> float(mse([[1.0, 0.0]], [[0.0, 2.0]]))
    2.5
    """
    return _cost("mse", a, y)


def mae(a: Any, y: Any) -> Any:
    """Mean absolute error over all elements, ``mean |a - y|``; its slope is 0 where ``a = y``.

    Parameters
    ----------
    a : float array or Tensor, shape (N, ...)
        Predictions.
    y : array or Tensor, shape of ``a``; or int labels, shape (N, ...) without the last axis
        Targets.

    Returns
    -------
    loss : float, shape ()

    Raises
    ------
    ValueError
        If ``y`` has neither shape.

    Source
    ------
    Boscovich, De litteraria expeditione per pontificiam ditionem (1757): least absolute deviations.

    Examples
    --------
    >>> float(mae([[1.0, 0.0]], [[0.0, 2.0]]))
    1.5
    """
    return _cost("mae", a, y)


def huber(a: Any, y: Any, delta: float = 1.0) -> Any:
    """Huber cost, the mean over all elements of a parabola that goes on as a line.

    With ``d = a - y``: ``d**2 / 2`` where ``|d| <= delta``, else ``delta (|d| - delta / 2)``.

    Parameters
    ----------
    a : float array or Tensor, shape (N, ...)
        Predictions.
    y : array or Tensor, shape of ``a``; or int labels, shape (N, ...) without the last axis
        Targets.
    delta : float, > 0
        Where the parabola ends, in the unit of ``a``.

    Returns
    -------
    loss : float, shape ()

    Raises
    ------
    ValueError
        If ``y`` has neither shape, or ``delta`` is not > 0.

    Source
    ------
    Huber, Robust estimation of a location parameter, Annals of Mathematical Statistics 35 (1964).

    Examples
    --------
    >>> float(huber([[0.5], [3.0]], [[0.0], [0.0]]))
    1.3125
    """
    return _cost("huber", a, y, delta=real("huber", "delta", delta))


def cross_entropy(p: Any, y: Any, reduction: str = "batch") -> Any:
    """Cross-entropy of probabilities, ``-1/N sum y log p`` over the last axis.

    ``p`` comes from a softmax; PyTorch's function of this name takes logits, for which there is
    `softmax_cross_entropy`. Probabilities below the smallest normal number (1.2e-38 in float32)
    count as that number: ``p = 0`` costs 87.3, and the gradient stays finite.

    Parameters
    ----------
    p : float array or Tensor, shape (N, ..., C)
        Probabilities of the C >= 2 classes.
    y : array or Tensor, shape of ``p``; or int labels in [0, C), shape (N, ...)
        Targets.
    reduction : "batch" or "mean"
        Divide the sum by N, or by the number of labels (N * T for labels of shape (N, T)).

    Returns
    -------
    loss : float, shape ()
        NaN where a label lies outside [0, C), or a probability that counts outside [0, 1] by more
        than 1e-3.

    Raises
    ------
    ValueError
        If ``y`` has neither shape, ``p`` has fewer than 2 axes or classes, or ``reduction`` is
        unknown.

    Source
    ------
    Bridle, Probabilistic interpretation of feedforward classification network outputs (1990).

    Examples
    --------
    >>> round(float(cross_entropy([[0.5, 0.5], [0.25, 0.75]], [0, 0])), 4)
    1.0397
    """
    return _cost("cross_entropy", p, y, per_label=_per_label("cross_entropy", reduction))


def nll_loss(log_p: Any, y: Any, reduction: str = "batch") -> Any:
    """Negative log-likelihood, ``-1/N sum y log_p`` over the last axis, of log-probabilities.

    Parameters
    ----------
    log_p : float array or Tensor, shape (N, ..., C)
        Logarithms of the probabilities of the C >= 2 classes.
    y : array or Tensor, shape of ``log_p``; or int labels in [0, C), shape (N, ...)
        Targets.
    reduction : "batch" or "mean"
        Divide the sum by N, or by the number of labels (N * T for labels of shape (N, T)).

    Returns
    -------
    loss : float, shape ()
        NaN where a label lies outside [0, C).

    Raises
    ------
    ValueError
        If ``y`` has neither shape, ``log_p`` has fewer than 2 axes or classes, or ``reduction`` is
        unknown.

    Source
    ------
    Fisher, On the mathematical foundations of theoretical statistics, Phil. Trans. A 222 (1922).

    Examples
    --------
    >>> float(nll_loss([[-1.0, -2.0], [-3.0, -0.5]], [0, 0]))
    2.0
    """
    return _cost("nll_loss", log_p, y, per_label=_per_label("nll_loss", reduction))


def softmax_cross_entropy(logits: Any, y: Any, reduction: str = "batch") -> Any:
    """Softmax and cross-entropy in one: exact, and stable for any finite logits.

    ``loss = 1/N sum y (log sum exp(logits) - logits)``, with the gradient ``(p - y) / N``.

    Parameters
    ----------
    logits : float array or Tensor, shape (N, ..., C)
        Scores of the C >= 2 classes.
    y : array or Tensor, shape of ``logits``; or int labels in [0, C), shape (N, ...)
        Targets.
    reduction : "batch" or "mean"
        Divide the sum by N, or by the number of labels (N * T for labels of shape (N, T)).

    Returns
    -------
    loss : float, shape ()
        NaN where a label lies outside [0, C).
    p : float array or Tensor, shape of ``logits``
        Softmax of the logits over the last axis.

    Raises
    ------
    ValueError
        If ``y`` has neither shape, ``logits`` has fewer than 2 axes or classes, or ``reduction`` is
        unknown.

    Source
    ------
    Bridle, Probabilistic interpretation of feedforward classification network outputs (1990).

    Examples
    --------
    >>> loss, p = softmax_cross_entropy([[0.0, 0.0], [1000.0, 0.0]], [0, 0])
    >>> round(float(loss), 4), p.tolist()
    (0.3466, [[0.5, 0.5], [1.0, 0.0]])
    """
    per_label = _per_label("softmax_cross_entropy", reduction)
    return _cost("softmax_cross_entropy", logits, y, per_label=per_label)


def binary_cross_entropy(p: Any, y: Any) -> Any:
    """Cross-entropy of sigmoid outputs, summed over units, averaged over the batch.

    ``-1/N sum (y log p + (1 - y) log(1 - p))``. ``p`` is kept between the smallest normal number
    and the largest number below 1, so that 0 and 1 cost much but not infinity.

    Parameters
    ----------
    p : float array or Tensor, shape (N, ...)
        Probabilities, one for each unit.
    y : array or Tensor, shape of ``p``; or int labels, shape (N, ...) without the last axis
        Targets in [0, 1]. Labels are one-hot rows, or 0 and 1 themselves where there is one unit.

    Returns
    -------
    loss : float, shape ()
        NaN where a label names no class, or a probability lies outside [0, 1] by more than 1e-3.

    Raises
    ------
    ValueError
        If ``y`` has neither shape.

    Source
    ------
    Nielsen, Neural Networks and Deep Learning, Determination Press (2015), chapter 3.

    Examples
    --------
    >>> round(float(binary_cross_entropy([[0.5, 0.5]], [[1.0, 0.0]])), 4)
    1.3863
    """
    return _cost("binary_cross_entropy", p, y)


def sigmoid_binary_cross_entropy(logits: Any, y: Any) -> Any:
    """Sigmoid and binary cross-entropy in one: exact, and stable for any finite logits.

    ``loss = 1/N sum (max(x, 0) - x y + log(1 + exp(-|x|)))``, with the gradient ``(p - y) / N``.

    Parameters
    ----------
    logits : float array or Tensor, shape (N, ...)
        Scores ``x``, one for each unit.
    y : array or Tensor, shape of ``logits``; or int labels, shape (N, ...) without the last axis
        Targets in [0, 1]. Labels are one-hot rows, or 0 and 1 themselves where there is one unit.

    Returns
    -------
    loss : float, shape ()
        NaN where a label names no class.
    p : float array or Tensor, shape of ``logits``
        Sigmoid of the logits.

    Raises
    ------
    ValueError
        If ``y`` has neither shape.

    Source
    ------
    Nielsen, Neural Networks and Deep Learning, Determination Press (2015), chapter 3.

    Examples
    --------
    >>> loss, p = sigmoid_binary_cross_entropy([[0.0], [1000.0]], [1, 1])
    >>> round(float(loss), 4), p.tolist()
    (0.3466, [[0.5], [1.0]])
    """
    return _cost("sigmoid_binary_cross_entropy", logits, y)


def hinge(a: Any, y: Any) -> Any:
    """Hinge cost, averaged over the batch.

    With labels it is that of Crammer and Singer, ``max(0, 1 + max_{j != y} a_j - a_y)``; with
    targets of -1 and +1 for each unit it is the sum of ``max(0, 1 - y a)``.

    Parameters
    ----------
    a : float array or Tensor, shape (N, ..., C) or (N,)
        Scores.
    y : array or Tensor of -1 and +1, shape of ``a``; or int labels in [0, C), shape (N, ...)
        Targets. Where there is one unit, labels are 0 (or -1) and 1.

    Returns
    -------
    loss : float, shape ()
        NaN where a label names no class.

    Raises
    ------
    ValueError
        If ``y`` has neither shape.

    Source
    ------
    Crammer and Singer, On the algorithmic implementation of multiclass kernel-based vector
    machines, Journal of Machine Learning Research 2 (2001).

    Examples
    --------
    >>> float(hinge([[2.0, 1.5, 0.0]], [0]))
    0.5
    >>> float(hinge([[0.5], [-2.0]], [[1.0], [-1.0]]))
    0.25
    """
    return _cost("hinge", a, y)


def accuracy(p: Any, y: Any) -> Any:
    """Share of predictions that are right. No gradient.

    Right is a row whose largest ``p`` (the first of equals) is at its label; with one output, a
    ``p`` on the side of 0.5 where ``y`` is. A row of ``p`` with NaN is wrong;
    NaN in ``y`` makes the result NaN.

    Parameters
    ----------
    p : float array or Tensor, shape (N, ..., C) or (N,)
        Predictions: probabilities, or any scores where C > 1.
    y : array or Tensor, shape of ``p`` (one-hot); or int labels, shape (N, ...)
        Targets.

    Returns
    -------
    share : float, shape ()
        In [0, 1]; NaN where a label names no class.

    Raises
    ------
    ValueError
        If ``y`` has neither shape, or ``p`` has no class.

    Source
    ------
    Duda, Hart and Stork, Pattern Classification, Wiley (2001), section 9.6.

    Examples
    --------
    >>> float(accuracy([[0.1, 0.9], [0.8, 0.2]], [1, 1]))
    0.5
    """
    return _cost("accuracy", p, y)


def top_k_accuracy(p: Any, y: Any, k: int = 5) -> Any:
    """Share of rows whose label is among the ``k`` largest predictions. No gradient.

    Parameters
    ----------
    p : float array or Tensor, shape (N, ..., C)
        Predictions.
    y : array or Tensor, shape of ``p`` (one-hot); or int labels in [0, C), shape (N, ...)
        Targets.
    k : int, from 1 to C

    Returns
    -------
    share : float, shape ()
        In [0, 1]; NaN where a label names no class.

    Raises
    ------
    ValueError
        If ``y`` has neither shape, ``p`` has fewer than 2 axes or classes, or ``k`` is out of
        range.

    Source
    ------
    Russakovsky et al., ImageNet large scale visual recognition challenge, IJCV 115 (2015).

    Examples
    --------
    >>> float(top_k_accuracy([[0.1, 0.2, 0.7], [0.8, 0.15, 0.05]], [1, 2], k=2))
    0.5
    """
    return _cost("top_k_accuracy", p, y, k=whole("top_k_accuracy", "k", k))
