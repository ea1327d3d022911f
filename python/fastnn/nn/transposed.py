"""Transposed convolutional layers."""

from __future__ import annotations

from typing import Any

from fastnn import ops
from fastnn.nn.activations import apply
from fastnn.nn.convolution import Filters
from fastnn.ops.tensor import Tensor
from fastnn.ops.window import Size, check_output_padding, numbers


class Transposed(Filters):
    """What the layers share: weights whose first axis is the input's channels.

    Parameters
    ----------
    arguments
        As in `Filters`.
    output_padding
        As in `ConvTranspose2d`.
    """

    named = False

    def __init__(self, *arguments: Any, output_padding: Size) -> None:
        super().__init__(*arguments)
        extra = numbers(self.where, "output_padding", output_padding, len(self.axes) - 2, least=0)
        check_output_padding(self.where, extra, self._stride, self._dilation)
        self.output_padding = output_padding

    def config(self) -> dict[str, Any]:
        return super().config() | {"output_padding": self.output_padding}

    def weight_shape(self, channels: int) -> tuple[int, ...]:
        return (channels, self.filters // self.groups, *self._kernel)

    def convolved(self, op: Any, x: Tensor) -> Any:
        """``op`` of the input, with this layer's arguments, and the activation."""
        y = op(
            *self.operands(x),
            stride=self.stride,
            padding=self.padding,
            output_padding=self.output_padding,
            groups=self.groups,
            dilation=self.dilation,
        )
        return apply(self.activation, y, self.where)


class ConvTranspose2d(Transposed):
    """Transposed convolution: an image enlarged by learned filters.

    Parameters
    ----------
    filters : int, >= 1
        Number of feature maps K.
    kernel_size, stride, dilation : int or pair, >= 1
        As in `fastnn.ops.conv_transpose2d`.
    padding : int, pair or (top, bottom, left, right)
        Rows and columns of the result that are cut off.
    output_padding : int or pair
        Rows and columns more at its end.
    groups : int
    activation, use_bias, init, bias_init, name
        As in `Conv2d`; the weight is (C, K / groups, KH, KW).

    Raises
    ------
    ValueError, TypeError
        As `Conv2d`.

    Source
    ------
    Zeiler et al., Deconvolutional networks, CVPR (2010).

    Examples
    --------
    >>> import fastnn as fnn
    >>> fnn.nn.ConvTranspose2d(8, 2, stride=2)(fnn.Input((16, 7, 7))).shape
    (None, 8, 14, 14)
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        output_padding: Size = 0,
        dilation: Size = 1,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        init: Any = "glorot_uniform",
        bias_init: Any = "zeros",
        name: str | None = None,
    ) -> None:
        super().__init__(
            filters, kernel_size, stride, padding, dilation, groups, activation, use_bias, init,
            bias_init, name, output_padding=output_padding,
        )  # fmt: skip

    def forward(self, x: Tensor) -> Any:
        return self.convolved(ops.conv_transpose2d, x)


class ConvTranspose1d(Transposed):
    """Transposed convolution along one axis: a sequence made longer by learned filters.

    Parameters
    ----------
    filters : int, >= 1
        Number of feature maps K.
    kernel_size, stride, dilation : int, >= 1
        As in `fastnn.ops.conv_transpose1d`.
    padding : int or (before, after)
        Elements of the result that are cut off.
    output_padding : int
        Elements more at its end.
    groups : int
    activation, use_bias, init, bias_init, name
        As in `Conv2d`; the weight is (C, K / groups, KL).

    Raises
    ------
    ValueError, TypeError
        As `ConvTranspose2d`.

    Source
    ------
    As of `ConvTranspose2d`.

    Examples
    --------
    >>> import fastnn as fnn
    >>> fnn.nn.ConvTranspose1d(8, 4, stride=2, padding=1)(fnn.Input((16, 50))).shape
    (None, 8, 100)
    """

    axes = ("N", "C", "L")

    def __init__(
        self,
        filters: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        output_padding: Size = 0,
        dilation: Size = 1,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        init: Any = "glorot_uniform",
        bias_init: Any = "zeros",
        name: str | None = None,
    ) -> None:
        super().__init__(
            filters, kernel_size, stride, padding, dilation, groups, activation, use_bias, init,
            bias_init, name, output_padding=output_padding,
        )  # fmt: skip

    def forward(self, x: Tensor) -> Any:
        return self.convolved(ops.conv_transpose1d, x)
