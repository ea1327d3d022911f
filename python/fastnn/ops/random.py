"""Ops of chance: the same numbers for the same seed, layer and step."""

from __future__ import annotations

from typing import Any

from fastnn import _core
from fastnn._checks import check_flag, check_seed
from fastnn.ops.attributes import real
from fastnn.ops.tensor import Tensor, arrays_of, as_array, call

__all__ = ["channel_dropout", "dropout"]


def dropout(x: Any, rate: float = 0.5, training: bool = True, seed: int = 0) -> Any:
    """Set elements to 0 with probability ``rate``, divide the others by ``1 - rate``.

    The mask is a function of the seed and the position, whatever the threads or instruction set.
    In a model the seed is the model's, and ``training`` is decided by who runs it.

    Parameters
    ----------
    x : float array or Tensor, any shape
    rate : float, in [0, 1]
        Probability of 0.
    training : bool
        False gives ``x`` back.
    seed : int, in [0, 2**64)
        Which mask.

    Returns
    -------
    y : array or Tensor like ``x``

    Raises
    ------
    ValueError, TypeError
        If ``rate`` is not in [0, 1], or ``training`` or ``seed`` is of another kind.

    Source
    ------
    Srivastava et al., Dropout: a simple way to prevent neural networks from overfitting, Journal of
    Machine Learning Research 15 (2014).

    Examples
    --------
    >>> dropout([1.0, 2.0, 3.0], rate=0.5, training=False)
    array([1., 2., 3.], dtype=float32)
    """
    rate = real("dropout", "rate", rate)
    if isinstance(x, Tensor):
        return call("dropout", x, rate=rate)
    return _core.call(
        "dropout",
        arrays_of("dropout", (x,), ()),
        {"rate": rate},
        training=check_flag("dropout", "training", training),
        seed=check_seed("dropout", seed),
    )[0]


def channel_dropout(x: Any, rate: float = 0.5, training: bool = True, seed: int = 0) -> Any:
    """Set whole channels to 0 with probability ``rate``, divide the others by ``1 - rate``.

    Neighbouring pixels of a feature map know each other: dropping some of them hides little. The
    mask is a function of the seed and the position, as that of `dropout`.

    Parameters
    ----------
    x : float array or Tensor, shape (N, C, ...)
    rate : float, in [0, 1]
        Probability of 0, for each channel of each image.
    training : bool
        False gives ``x`` back.
    seed : int, in [0, 2**64)
        Which mask.

    Returns
    -------
    y : array or Tensor like ``x``

    Raises
    ------
    ValueError, TypeError
        If ``x`` has less than 2 axes, ``rate`` is not in [0, 1], or ``training`` or ``seed`` is of
        another kind.

    Source
    ------
    Tompson et al., Efficient object localization using convolutional networks, CVPR (2015).

    Examples
    --------
    >>> channel_dropout([[[1.0, 2.0], [3.0, 4.0]]], rate=0.5, training=False)
    array([[[1., 2.],
            [3., 4.]]], dtype=float32)
    """
    rate = real("channel_dropout", "rate", rate)
    ndim = x.ndim if isinstance(x, Tensor) else as_array(x, "channel_dropout", "x").ndim
    x = call("channels_last", x) if ndim > 2 else x
    if isinstance(x, Tensor):
        y = call("channel_dropout", x, rate=rate)
    else:
        (y,) = _core.call(
            "channel_dropout",
            arrays_of("channel_dropout", (x,), ()),
            {"rate": rate},
            training=check_flag("channel_dropout", "training", training),
            seed=check_seed("channel_dropout", seed),
        )
    return call("channels_first", y) if ndim > 2 else y
