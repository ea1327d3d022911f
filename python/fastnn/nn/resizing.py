"""Layers that change the size of images: LeNet's sub-sampling, and interpolation."""

from __future__ import annotations

import math
from typing import Any

from fastnn import ops
from fastnn.nn.activations import apply, check_activation
from fastnn.nn.global_pooling import sizes_of
from fastnn.nn.layer import Layer
from fastnn.nn.pooling import check_sizes
from fastnn.ops.images import resizing
from fastnn.ops.pooling import Size, sizes
from fastnn.ops.tensor import Tensor


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
        If a number is below 1 or the activation is unknown; when called, if the input is no image
        or no window fits.
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
        check_sizes(self.where, "kernel_size", kernel_size, 1)
        check_activation(self.where, activation)
        self.kernel_size = kernel_size
        self.activation = activation
        self.init = init

    def config(self) -> dict[str, Any]:
        return {"kernel_size": self.kernel_size, "activation": self.activation}

    def build(self, *inputs: Tensor) -> None:
        channels, *_ = sizes_of(self, inputs[0])
        pixels = math.prod(sizes(self.where, "kernel_size", self.kernel_size) or ())
        init = 1 / pixels if self.init is None else self.init
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
        If not one of ``size`` and ``scale_factor`` is given, or the mode is unknown; when called,
        if the input is no image or a length below 1.
    TypeError
        If ``size`` does not hold integers, or ``align_corners`` is not True or False.

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
        resizing(self.where, size, scale_factor, mode, align_corners)
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
