"""Normalisation of activations."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn import _core
from fastnn.ops.attributes import real
from fastnn.ops.tensor import Tensor, arrays_of, as_array, call

__all__ = ["batch_norm"]


def batch_norm(
    x: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """Normalise each channel, ``y = (x - mean) / sqrt(var + eps) * weight + bias``.

    In training ``mean`` and ``var`` are those of the batch, over all pixels of all images, and the
    running ones take a step towards them; else they are the running ones. In a model ``training``
    is decided by who runs it.

    Parameters
    ----------
    x : float array or Tensor, shape (N, C, ...)
    running_mean, running_var : float arrays or Tensors, shape (C,)
        Of the batches so far.
    weight, bias : float arrays or Tensors, shape (C,), optional
        Scale and offset after the normalisation; by default 1 and 0.
    training : bool
        Whether the batch's own statistics are used.
    momentum : float, in [0, 1]
        Share of the batch in the new running statistics.
    eps : float, > 0
        Added to the variance.

    Returns
    -------
    y : array or Tensor like ``x``
    running_mean, running_var : arrays or Tensors, shape (C,)
        The new ones, of the unbiased variance.

    Raises
    ------
    ValueError
        If ``x`` has less than 2 axes, an operand is not of shape (C,), ``momentum`` or ``eps`` is
        out of range, or in training ``x`` has one value per channel.

    Source
    ------
    Ioffe and Szegedy, Batch normalization: accelerating deep network training by reducing internal
    covariate shift, ICML (2015).

    Examples
    --------
    >>> y, mean, var = batch_norm([[1.0], [3.0]], [0.0], [1.0], training=True)
    >>> y.round(3), mean
    (array([[-1.],
           [ 1.]], dtype=float32), array([0.2], dtype=float32))
    """
    shape = x.shape if isinstance(x, Tensor) else as_array(x, "batch_norm", "x").shape
    channels = shape[1] if len(shape) > 1 else 1
    weight = np.ones(channels, "f4") if weight is None else weight
    bias = np.zeros(channels, "f4") if bias is None else bias
    attrs: dict[str, Any] = {
        "momentum": real("batch_norm", "momentum", momentum),
        "eps": real("batch_norm", "eps", eps),
    }
    x = call("channels_last", x) if len(shape) > 2 else x
    operands = (x, weight, bias, running_mean, running_var)
    if any(isinstance(a, Tensor) for a in operands):
        y, *running = call("batch_norm", *operands, **attrs)
    else:
        arrays = arrays_of("batch_norm", operands, ())
        y, *running = _core.call("batch_norm", arrays, attrs, training=training)
    return (call("channels_first", y) if len(shape) > 2 else y, *running)
