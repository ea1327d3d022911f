"""Dropout."""

from __future__ import annotations

from typing import Any

from fastnn import ops
from fastnn._checks import check_real
from fastnn.nn.layer import Layer
from fastnn.ops.tensor import Tensor


class Dropout(Layer):
    """While training, sets units to zero with probability ``rate`` and scales the rest by 1/(1-rate).

    Parameters
    ----------
    rate : float in [0, 1]
        Share of units dropped.
    name : str, optional
        What summaries, errors and parameter names call it; by default its class and number.

    Raises
    ------
    ValueError
        If ``rate`` is outside [0, 1].
    TypeError
        If ``rate`` is not a number.

    Source
    ------
    Srivastava et al., Dropout: a simple way to prevent neural networks from overfitting, JMLR 15
    (2014).

    Examples
    --------
    >>> import fastnn as fnn
    >>> fnn.Model([fnn.nn.Dropout(0.5)], input_shape=(2,)).predict([[1.0, 2.0]])
    array([[1., 2.]], dtype=float32)
    """

    def __init__(self, rate: float, name: str | None = None) -> None:
        super().__init__(name)
        check_real(self.where, "rate", rate, "a number in [0, 1]", lambda v: 0 <= v <= 1)
        self.rate = rate

    def config(self) -> dict[str, Any]:
        return {"rate": self.rate}

    def forward(self, x: Tensor) -> Any:
        return ops.dropout(x, float(self.rate))


class ChannelDropout(Dropout):
    """While training, sets whole channels of an image to zero with probability ``rate``.

    The others are scaled by 1/(1-rate).

    Parameters
    ----------
    rate : float in [0, 1]
        Share of channels dropped.
    name : str, optional
        What summaries, errors and parameter names call it; by default its class and number.

    Raises
    ------
    ValueError
        If ``rate`` is outside [0, 1]; when called, if the input has no axis 1.
    TypeError
        If ``rate`` is not a number.

    Source
    ------
    Tompson et al., Efficient object localization using convolutional networks, CVPR (2015).

    Examples
    --------
    >>> import fastnn as fnn
    >>> fnn.nn.ChannelDropout(0.2)(fnn.Input((16, 8, 8))).shape
    (None, 16, 8, 8)
    """

    def __init__(self, rate: float, name: str | None = None) -> None:
        super().__init__(rate, name)

    def forward(self, x: Tensor) -> Any:
        return ops.channel_dropout(x, float(self.rate))
