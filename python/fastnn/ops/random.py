"""Ops of chance: the same numbers for the same seed, layer and step."""

from __future__ import annotations

from typing import Any

from fastnn import _core
from fastnn.ops.attributes import real
from fastnn.ops.tensor import Tensor, arrays_of, call

__all__ = ["dropout"]


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
    seed : int, >= 0
        Which mask.

    Returns
    -------
    y : array or Tensor like ``x``

    Raises
    ------
    ValueError
        If ``rate`` is not in [0, 1].

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
        "dropout", arrays_of("dropout", (x,), ()), {"rate": rate}, training=training, seed=seed
    )[0]
