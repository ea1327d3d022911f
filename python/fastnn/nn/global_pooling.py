"""Pooling layers whose windows follow from the input's size: all of it, or as many parts as wanted."""

from __future__ import annotations

from typing import Any

from fastnn import ops
from fastnn.nn.layer import Layer
from fastnn.nn.pooling import check_sizes
from fastnn.ops.pooling import Size
from fastnn.ops.tensor import Tensor


def sizes_of(layer: Layer, x: Tensor, axes: tuple[str, ...] = ("C", "H", "W")) -> tuple[int, ...]:
    """Lengths of a layer's input after the batch, which must have these axes."""
    shape = x.shape[1:]
    if x.ndim != 1 + len(axes) or None in shape:
        raise ValueError(f"{layer.where}: input must have shape (N, {', '.join(axes)}), got {x!r}")
    return tuple(d or 0 for d in shape)


class GlobalAvgPool2d(Layer):
    """The mean of each channel over the whole image, (N, C, H, W) to (N, C).

    Parameters
    ----------
    name : str, optional
        What summaries, errors and parameter names call it; by default its class and number.

    Raises
    ------
    ValueError
        When called, if the input is no image.

    Source
    ------
    Lin, Chen and Yan, Network in network, ICLR (2014).

    Examples
    --------
    >>> import fastnn as fnn
    >>> fnn.nn.GlobalAvgPool2d()(fnn.Input((64, 8, 8))).shape
    (None, 64)
    """

    def forward(self, x: Tensor) -> Any:
        channels, *size = sizes_of(self, x)
        return ops.reshape(ops.avg_pool2d(x, size), (-1, channels))


class GlobalMaxPool2d(Layer):
    """The largest element of each channel over the whole image, (N, C, H, W) to (N, C).

    Parameters
    ----------
    name : str, optional
        What summaries, errors and parameter names call it; by default its class and number.

    Raises
    ------
    ValueError
        When called, if the input is no image.

    Source
    ------
    Oquab et al., Is object localization for free?, CVPR (2015).

    Examples
    --------
    >>> import fastnn as fnn
    >>> fnn.nn.GlobalMaxPool2d()(fnn.Input((64, 8, 8))).shape
    (None, 64)
    """

    def forward(self, x: Tensor) -> Any:
        channels, *size = sizes_of(self, x)
        return ops.reshape(ops.max_pool2d(x, size), (-1, channels))


class AdaptiveAvgPool2d(Layer):
    """Means of windows that cut an image into ``output_size`` parts, whatever its size.

    Parameters
    ----------
    output_size : int or (int, int), >= 1
        Height and width of the result.
    name : str, optional
        What summaries, errors and parameter names call it; by default its class and number.

    Raises
    ------
    ValueError
        If a number is below 1; when called, if the input is no image.
    TypeError
        If ``output_size`` does not hold integers.

    Source
    ------
    As of `fastnn.ops.adaptive_avg_pool2d`.

    Examples
    --------
    >>> import fastnn as fnn
    >>> fnn.nn.AdaptiveAvgPool2d(6)(fnn.Input((256, 13, 13))).shape
    (None, 256, 6, 6)
    """

    def __init__(self, output_size: Size, name: str | None = None) -> None:
        super().__init__(name)
        check_sizes(self.where, "output_size", output_size, 1)
        self.output_size = output_size

    def config(self) -> dict[str, Any]:
        return {"output_size": self.output_size}

    def forward(self, x: Tensor) -> Any:
        return ops.adaptive_avg_pool2d(x, self.output_size)


class GlobalAvgPool1d(Layer):
    """The mean of each channel over the whole sequence, (N, C, L) to (N, C).

    Parameters
    ----------
    name : str, optional
        What summaries, errors and parameter names call it; by default its class and number.

    Raises
    ------
    ValueError
        When called, if the input is no sequence.

    Source
    ------
    As of `GlobalAvgPool2d`.

    Examples
    --------
    >>> import fastnn as fnn
    >>> fnn.nn.GlobalAvgPool1d()(fnn.Input((64, 100))).shape
    (None, 64)
    """

    def forward(self, x: Tensor) -> Any:
        channels, length = sizes_of(self, x, ("C", "L"))
        return ops.reshape(ops.avg_pool1d(x, length), (-1, channels))


class GlobalMaxPool1d(Layer):
    """The largest element of each channel over the whole sequence, (N, C, L) to (N, C).

    Parameters
    ----------
    name : str, optional
        What summaries, errors and parameter names call it; by default its class and number.

    Raises
    ------
    ValueError
        When called, if the input is no sequence.

    Source
    ------
    Collobert et al., Natural language processing (almost) from scratch, JMLR 12 (2011).

    Examples
    --------
    >>> import fastnn as fnn
    >>> fnn.nn.GlobalMaxPool1d()(fnn.Input((64, 100))).shape
    (None, 64)
    """

    def forward(self, x: Tensor) -> Any:
        channels, length = sizes_of(self, x, ("C", "L"))
        return ops.reshape(ops.max_pool1d(x, length), (-1, channels))
