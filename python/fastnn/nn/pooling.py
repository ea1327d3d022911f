"""Pooling layers of images."""

from __future__ import annotations

from typing import Any

from fastnn import ops
from fastnn._checks import check_count, check_flag, check_positive
from fastnn.nn.layer import Layer
from fastnn.ops.pooling import Size, sizes
from fastnn.ops.tensor import Tensor


def check_sizes(where: str, argument: str, value: Any, least: int, axes: int = 2) -> None:
    """Raise unless ``value`` is an integer, or one for each of ``axes``, of at least ``least``."""
    for number in (value,) if axes == 1 else sizes(where, argument, value) or ():
        check_count(where, argument, number, least)


class Pool(Layer):
    """What windowed pooling layers share: how windows lie on an image or a sequence.

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

    Attributes
    ----------
    axes : int
        How many of the input's are pooled.
    """

    axes = 2

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None,
        padding: Size,
        ceil_mode: bool,
        name: str | None,
    ) -> None:
        super().__init__(name)
        check_sizes(self.where, "kernel_size", kernel_size, 1, self.axes)
        if stride is not None:
            check_sizes(self.where, "stride", stride, 1, self.axes)
        check_sizes(self.where, "padding", padding, 0, self.axes)
        self.kernel_size: Any = kernel_size
        self.stride: Any = stride
        self.padding: Any = padding
        self.ceil_mode = check_flag(self.where, "ceil_mode", ceil_mode)

    def config(self) -> dict[str, Any]:
        return {
            "kernel_size": self.kernel_size,
            "stride": self.stride,
            "padding": self.padding,
            "ceil_mode": self.ceil_mode,
        }


class MaxPool2d(Pool):
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
        If a number is not an integer, or ``ceil_mode`` not True or False.

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
        check_sizes(self.where, "dilation", dilation, 1)
        self.dilation = dilation

    def config(self) -> dict[str, Any]:
        return super().config() | {"dilation": self.dilation}

    def forward(self, x: Tensor) -> Any:
        return ops.max_pool2d(
            x, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode
        )


class AvgPool2d(Pool):
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
        If a number is not an integer, or a flag not True or False.

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
        self.count_include_pad = check_flag(self.where, "count_include_pad", count_include_pad)

    def config(self) -> dict[str, Any]:
        return super().config() | {"count_include_pad": self.count_include_pad}

    def forward(self, x: Tensor) -> Any:
        return ops.avg_pool2d(
            x, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad
        )


class LPPool2d(Pool):
    """The power sum of each window of an image; with ``norm_type`` 2 its Euclidean length.

    Parameters
    ----------
    norm_type : float, > 0
        The power.
    kernel_size : int or (int, int), >= 1
        Height and width of a window, in pixels.
    stride : int or (int, int), >= 1, optional
        Pixels from window to window; by default ``kernel_size``, smaller ones overlap.
    ceil_mode : bool
        Whether pixels left at the end get a window of their own.
    name : str, optional
        What summaries, errors and parameter names call it; by default its class and number.

    Raises
    ------
    ValueError
        If a number is below its least; when called, if the input is no image or no window fits.
    TypeError
        If a size is not an integer, or ``ceil_mode`` not True or False.

    Source
    ------
    As of `fastnn.ops.lp_pool2d`.

    Examples
    --------
    >>> import fastnn as fnn
    >>> fnn.nn.LPPool2d(2, 2)(fnn.Input((20, 24, 24))).shape
    (None, 20, 12, 12)
    """

    def __init__(
        self,
        norm_type: float,
        kernel_size: Size,
        stride: Size | None = None,
        ceil_mode: bool = False,
        name: str | None = None,
    ) -> None:
        super().__init__(kernel_size, stride, 0, ceil_mode, name)
        check_positive(self.where, "norm_type", norm_type)
        self.norm_type = norm_type

    def config(self) -> dict[str, Any]:
        rest = super().config()
        del rest["padding"]
        return {"norm_type": self.norm_type} | rest

    def forward(self, x: Tensor) -> Any:
        return ops.lp_pool2d(
            x, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode
        )
