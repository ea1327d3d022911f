"""Pooling layers."""

from __future__ import annotations

from typing import Any

from fastnn import ops
from fastnn._config import check_count, check_positive
from fastnn.nn.activations import apply
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
        check_sizes("AdaptiveAvgPool2d", "output_size", output_size, 1)
        self.output_size = output_size

    def config(self) -> dict[str, Any]:
        return {"output_size": self.output_size}

    def forward(self, x: Tensor) -> Any:
        return ops.adaptive_avg_pool2d(x, self.output_size)


class LPPool2d(Layer):
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
        If a size is not an integer.

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
        super().__init__(name)
        check_positive("LPPool2d", "norm_type", norm_type)
        check_sizes("LPPool2d", "kernel_size", kernel_size, 1)
        if stride is not None:
            check_sizes("LPPool2d", "stride", stride, 1)
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def config(self) -> dict[str, Any]:
        return {
            "norm_type": self.norm_type,
            "kernel_size": self.kernel_size,
            "stride": self.stride,
            "ceil_mode": self.ceil_mode,
        }

    def forward(self, x: Tensor) -> Any:
        return ops.lp_pool2d(
            x, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode
        )


class Subsampling(Layer):
    """LeNet's trainable sub-sampling, ``y = activation(w_c * sum over the window + b_c)``.

    Parameters
    ----------
    kernel_size : int or (int, int), >= 1
        Height and width of a window, in pixels; windows do not overlap.
    activation : str or callable, optional
        Name of an activation, or a function of a tensor.
    init : str, float, array or callable
        Initial weight (C, 1, 1), see `fastnn.nn.init`; by default 1 / the window's size: the mean.
    name : str, optional
        What summaries, errors and parameter names call it; by default its class and number.

    Raises
    ------
    ValueError
        If a number is below 1; when called, if the input is no image or no window fits.
    TypeError
        If ``kernel_size`` is not an integer.

    Source
    ------
    LeCun et al., Gradient-based learning applied to document recognition, Proc. IEEE 86 (1998).

    Examples
    --------
    >>> import fastnn as fnn
    >>> model = fnn.Model([fnn.nn.Subsampling(2, "tanh")], input_shape=(6, 28, 28))
    >>> model.theta.size
    12
    """

    def __init__(
        self,
        kernel_size: Size = 2,
        activation: Any = None,
        init: Any = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        check_sizes("Subsampling", "kernel_size", kernel_size, 1)
        self.kernel_size = kernel_size
        self.activation = activation
        self.init = init

    def config(self) -> dict[str, Any]:
        return {"kernel_size": self.kernel_size, "activation": self.activation}

    def build(self, *inputs: Tensor) -> None:
        channels, *_ = pixels_of(self, inputs[0])
        size = sizes(self.where, "kernel_size", self.kernel_size) or (1,)
        init = 1 / (size[0] * size[-1]) if self.init is None else self.init
        self.weight = self.parameter("weight", (channels, 1, 1), init)
        self.bias = self.parameter("bias", (channels, 1, 1), "zeros", weight=False)

    def forward(self, x: Tensor) -> Any:
        total = ops.avg_pool2d(x, self.kernel_size, divisor_override=1)
        return apply(self.activation, total * self.weight + self.bias, self.where)


class Upsample(Layer):
    """Images at another size.

    Parameters
    ----------
    size : int or (int, int), >= 1, optional
        The new height and width; this or ``scale_factor``.
    scale_factor : float or (float, float), > 0, optional
        New height and width by the old ones.
    mode : str
        "nearest" repeats pixels, "bilinear" draws straight lines between them.
    align_corners : bool
        Whether bilinear mode puts the centres of the corner pixels onto each other.
    name : str, optional
        What summaries, errors and parameter names call it; by default its class and number.

    Raises
    ------
    ValueError
        When called, if the input is no image, not one of ``size`` and ``scale_factor`` is given, or
        a number or the mode is out of range.

    Source
    ------
    As of `fastnn.ops.upsample`.

    Examples
    --------
    >>> import fastnn as fnn
    >>> fnn.nn.Upsample(scale_factor=2)(fnn.Input((8, 5, 7))).shape
    (None, 8, 10, 14)
    """

    def __init__(
        self,
        size: Size | None = None,
        scale_factor: Any = None,
        mode: str = "nearest",
        align_corners: bool = False,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        self.size = size
        self.scale_factor = scale_factor
        self.mode = mode
        self.align_corners = align_corners

    def config(self) -> dict[str, Any]:
        return {
            "size": self.size,
            "scale_factor": self.scale_factor,
            "mode": self.mode,
            "align_corners": self.align_corners,
        }

    def forward(self, x: Tensor) -> Any:
        return ops.upsample(x, self.size, self.scale_factor, self.mode, self.align_corners)
