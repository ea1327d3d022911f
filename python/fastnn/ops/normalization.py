"""Normalisation of activations."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn import _core
from fastnn._checks import check_flag
from fastnn.ops.attributes import real, whole, wholes
from fastnn.ops.tensor import Tensor, arrays_of, as_array, call, shape_text, where_of

__all__ = ["batch_norm", "group_norm", "instance_norm", "layer_norm", "local_response_norm"]


def _shape_of(op: str, x: Any, argument: str = "x") -> tuple[int | None, ...]:
    return tuple(x.shape if isinstance(x, Tensor) else as_array(x, op, argument).shape)


def _check_scale(op: str, shape: Any, why: str, weight: Any, bias: Any) -> None:
    """Raise unless both have that shape."""
    for argument, given in (("weight", weight), ("bias", bias)):
        if given is not None and (own := _shape_of(op, given, argument)) != tuple(shape):
            raise ValueError(
                f"{where_of(op)}: {argument} must have shape {tuple(shape)} {why}, got {shape_text(own)}"
            )


def _scale(shape: Any, weight: Any, bias: Any) -> tuple[Any, Any]:
    """Weight and bias; where they are not given, 1 and 0."""
    return (
        np.ones(shape, "f4") if weight is None else weight,
        np.zeros(shape, "f4") if bias is None else bias,
    )


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
    shape = _shape_of("batch_norm", x)
    weight, bias = _scale(shape[1:2], weight, bias)
    where = where_of("batch_norm")
    for name, running in (("running_mean", running_mean), ("running_var", running_var)):
        if running is None:
            raise TypeError(f"{where}: {name} must be an array of shape (C,), got None")
    attrs: dict[str, Any] = {
        "momentum": real(where, "momentum", momentum),
        "eps": real(where, "eps", eps),
    }
    is_training = check_flag(where, "training", training)
    x = call("channels_last", x) if len(shape) > 2 else x
    operands = (x, weight, bias, running_mean, running_var)
    if any(isinstance(a, Tensor) for a in operands):
        y, *running = call("batch_norm", *operands, **attrs)
    else:
        arrays = arrays_of("batch_norm", operands, ())
        y, *running = _core.call("batch_norm", arrays, attrs, training=is_training)
    return (call("channels_first", y) if len(shape) > 2 else y, *running)


def layer_norm(
    x: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """Normalise each sample over its last axes, ``y = (x - mean) / sqrt(var + eps) * weight + bias``.

    Parameters
    ----------
    x : float array or Tensor, shape (..., D)
    normalized_shape : int or sequence of int
        Lengths of the last axes, those to normalise over.
    weight, bias : float arrays or Tensors, shape ``normalized_shape``, optional
        Scale and offset after the normalisation; by default 1 and 0.
    eps : float, > 0
        Added to the (biased) variance.

    Returns
    -------
    y : array or Tensor like ``x``

    Raises
    ------
    ValueError
        If ``x`` does not end in ``normalized_shape``, an operand has another shape, or ``eps`` is
        not above 0.
    TypeError
        If ``normalized_shape`` does not hold integers.

    Source
    ------
    Ba, Kiros and Hinton, Layer normalization, arXiv:1607.06450 (2016).

    Examples
    --------
    >>> layer_norm([[1.0, 3.0]], 2).round(3)
    array([[-1.,  1.]], dtype=float32)
    """
    shape = wholes(where_of("layer_norm"), "normalized_shape", normalized_shape)
    given = _shape_of("layer_norm", x)
    if not shape or given[len(given) - len(shape) :] != shape:
        text = shape_text(given)
        raise ValueError(
            f"{where_of('layer_norm')}: normalized_shape must be how the shape of x, {text}, ends, got {shape}"
        )
    weight, bias = _scale(shape, weight, bias)
    _check_scale("layer_norm", shape, "as normalized_shape says", weight, bias)
    return call("layer_norm", x, weight, bias, eps=real(where_of("layer_norm"), "eps", eps))


def group_norm(
    x: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """Normalise each group of channels of each sample over the group and all pixels.

    Parameters
    ----------
    x : float array or Tensor, shape (N, C, ...)
    num_groups : int, >= 1
        How many groups the channels are cut into; divides C.
    weight, bias : float arrays or Tensors, shape (C,), optional
        Scale and offset after the normalisation; by default 1 and 0.
    eps : float, > 0
        Added to the (biased) variance.

    Returns
    -------
    y : array or Tensor like ``x``

    Raises
    ------
    ValueError
        If ``x`` has less than 2 axes, ``num_groups`` does not divide C, an operand is not of shape
        (C,), or ``eps`` is not above 0.

    Source
    ------
    Wu and He, Group normalization, ECCV (2018).

    Examples
    --------
    >>> group_norm([[[1.0], [3.0], [5.0], [5.0]]], 2).round(3).reshape(-1)
    array([-1.,  1.,  0.,  0.], dtype=float32)
    """
    shape = _shape_of("group_norm", x)
    weight, bias = _scale(shape[1:2], weight, bias)
    y = call(
        "group_norm",
        call("channels_last", x) if len(shape) > 2 else x,
        weight,
        bias,
        num_groups=whole(where_of("group_norm"), "num_groups", num_groups),
        eps=real(where_of("group_norm"), "eps", eps),
    )
    return call("channels_first", y) if len(shape) > 2 else y


def instance_norm(x: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    """Normalise each channel of each sample over its pixels: `group_norm` with C groups.

    Parameters
    ----------
    x : float array or Tensor, shape (N, C, ...)
    weight, bias : float arrays or Tensors, shape (C,), optional
        Scale and offset after the normalisation; by default 1 and 0.
    eps : float, > 0
        Added to the (biased) variance.

    Returns
    -------
    y : array or Tensor like ``x``

    Raises
    ------
    ValueError
        If ``x`` has less than 3 axes, an operand is not of shape (C,), or ``eps`` is not above 0.

    Source
    ------
    Ulyanov, Vedaldi and Lempitsky, Instance normalization: the missing ingredient for fast
    stylization, arXiv:1607.08022 (2016).

    Examples
    --------
    >>> instance_norm([[[1.0, 3.0], [5.0, 5.0]]]).round(3)
    array([[[-1.,  1.],
            [ 0.,  0.]]], dtype=float32)
    """
    shape = _shape_of("instance_norm", x)
    if len(shape) < 3:
        raise ValueError(
            f"{where_of('instance_norm')}: x must have shape (N, C, ...) with pixels, got {shape_text(shape)}"
        )
    where = where_of("instance_norm")
    if not real(where, "eps", eps) > 0:
        raise ValueError(f"{where}: eps must be > 0, got {eps!r}")
    why = f"because x has {shape[1]} channels"
    _check_scale("instance_norm", shape[1:2], why, weight, bias)
    return group_norm(x, shape[1] or 1, weight, bias, eps)


def local_response_norm(
    x: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Any:
    """Divide each element by what its neighbouring channels hold at the same place.

    ``y_c = x_c / (k + alpha / size * sum of x_j^2)^beta``, j over ``size`` channels around c. In the
    paper's formula alpha is not divided by the size: its n = 5, alpha = 1e-4, beta = 0.75, k = 2 are
    ``size=5, alpha=5e-4, k=2`` here.

    Parameters
    ----------
    x : float array or Tensor, shape (N, C, ...)
    size : int, >= 1
        Number of channels in a sum.
    alpha : float, >= 0
        Weight of the mean square.
    beta : float, >= 0
        Exponent.
    k : float, > 0
        What is divided by where all is 0, but for the exponent.

    Returns
    -------
    y : array or Tensor like ``x``

    Raises
    ------
    ValueError
        If ``x`` has less than 2 axes or a number is out of range.
    TypeError
        If ``size`` is not an integer.

    Source
    ------
    Krizhevsky, Sutskever and Hinton, ImageNet classification with deep convolutional neural
    networks, NIPS (2012).

    Examples
    --------
    >>> local_response_norm([[[3.0], [0.0], [4.0]]], size=3, alpha=3.0, beta=0.5).round(3)
    array([[[0.949],
            [0.   ],
            [0.97 ]]], dtype=float32)
    """
    op = "local_response_norm"
    where, shape = where_of(op), _shape_of(op, x)
    y = call(
        op,
        call("channels_last", x) if len(shape) > 2 else x,
        size=whole(where, "size", size),
        alpha=real(where, "alpha", alpha),
        beta=real(where, "beta", beta),
        k=real(where, "k", k),
    )
    return call("channels_first", y) if len(shape) > 2 else y
