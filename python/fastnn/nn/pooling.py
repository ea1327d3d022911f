"""Pooling layers."""

from __future__ import annotations

from typing import Any

from fastnn import ops
from fastnn._config import check_count
from fastnn.nn.layer import Layer
from fastnn.ops.pooling import Size, sizes
from fastnn.ops.tensor import Tensor


def check_sizes(where: str, argument: str, value: Any, least: int) -> None:
    """Raise unless ``value`` is an integer, or two of them, of at least ``least``."""
    numbers = sizes(where, argument, value) or ()
    if len(numbers) not in (1, 2):
        raise ValueError(f"{where}: {argument} must hold 1 or 2 integers, got {value!r}")
    for number in numbers:
        check_count(where, argument, number, least)


class Pool2d(Layer):
    """What windowed pooling layers share: how windows lie on an image.

    Parameters
    ----------
    kernel_size : int or (int, int), >= 1
        Height and width of a window, in pixels.
    stride : int or (int, int), >= 1, optional
        Pixels from window to window; by default ``kernel_size``.
    padding : int or (int, int), >= 0
        Width of the border.
    ceil_mode : bool
        Whether pixels left at the end get a window of their own.
    name : str, optional
        What summaries, errors and parameter names call it; by default its class and number.
    """

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        check_sizes(self.kind, "kernel_size", kernel_size, 1)
        if stride is not None:
            check_sizes(self.kind, "stride", stride, 1)
        check_sizes(self.kind, "padding", padding, 0)
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = padding
        self.ceil_mode = ceil_mode

    def config(self) -> dict[str, Any]:
        return {
            "kernel_size": self.kernel_size,
            "stride": self.stride,
            "padding": self.padding,
            "ceil_mode": self.ceil_mode,
        }


class MaxPool2d(Pool2d):
    """The largest element of each window of an image.

    Parameters
    ----------
    kernel_size : int or (int, int), >= 1
        Height and width of a window, in pixels.
    stride : int or (int, int), >= 1, optional
        Pixels from window to window; by default ``kernel_size``, smaller ones overlap.
    padding : int or (int, int), >= 0
        Width of a border that is below every number; at most half of a window.
    dilation : int or (int, int), >= 1
        Pixels from one element of a window to the next.
    ceil_mode : bool
        Whether pixels left at the end get a window of their own.
    name : str, optional
        What summaries, errors and parameter names call it; by default its class and number.

    Raises
    ------
    ValueError
        If a number is below its least; when called, if the input is no image or no window fits.
    TypeError
        If a number is not an integer.

    Source
    ------
    As of `fastnn.ops.max_pool2d`.

    Examples
    --------
    >>> import fastnn as fnn
    >>> fnn.nn.MaxPool2d(3, stride=2)(fnn.Input((96, 55, 55))).shape
    (None, 96, 27, 27)
    """

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        dilation: Size = 1,
        ceil_mode: bool = False,
        name: str | None = None,
    ) -> None:
        super().__init__(kernel_size, stride, padding, ceil_mode, name)
        check_sizes(self.kind, "dilation", dilation, 1)
        self.dilation = dilation

    def config(self) -> dict[str, Any]:
        return super().config() | {"dilation": self.dilation}

    def forward(self, x: Tensor) -> Any:
        return ops.max_pool2d(
            x, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode
        )


class AvgPool2d(Pool2d):
    """The mean of each window of an image.

    Parameters
    ----------
    kernel_size : int or (int, int), >= 1
        Height and width of a window, in pixels.
    stride : int or (int, int), >= 1, optional
        Pixels from window to window; by default ``kernel_size``, smaller ones overlap.
    padding : int or (int, int), >= 0
        Width of a border of zeros; at most half of a window.
    ceil_mode : bool
        Whether pixels left at the end get a window of their own.
    count_include_pad : bool
        Whether the border's zeros count in the mean.
    name : str, optional
        What summaries, errors and parameter names call it; by default its class and number.

    Raises
    ------
    ValueError
        If a number is below its least; when called, if the input is no image or no window fits.
    TypeError
        If a number is not an integer.

    Source
    ------
    As of `fastnn.ops.avg_pool2d`.

    Examples
    --------
    >>> import fastnn as fnn
    >>> fnn.nn.AvgPool2d(2)(fnn.Input((6, 28, 28))).shape
    (None, 6, 14, 14)
    """

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        name: str | None = None,
    ) -> None:
        super().__init__(kernel_size, stride, padding, ceil_mode, name)
        self.count_include_pad = count_include_pad

    def config(self) -> dict[str, Any]:
        return super().config() | {"count_include_pad": self.count_include_pad}

    def forward(self, x: Tensor) -> Any:
        return ops.avg_pool2d(
            x, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad
        )


def pixels_of(layer: Layer, x: Tensor) -> tuple[int, int, int]:
    """(C, H, W) of a layer's input, which must be images."""
    shape = x.shape[1:]
    if x.ndim != 4 or None in shape:
        raise ValueError(f"{layer.where}: input must have shape (N, C, H, W), got {x!r}")
    return shape[0] or 0, shape[1] or 0, shape[2] or 0


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
        channels, *size = pixels_of(self, x)
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
        channels, *size = pixels_of(self, x)
        return ops.reshape(ops.max_pool2d(x, size), (-1, channels))
