"""Convolutional layers."""

from __future__ import annotations

from typing import Any

from fastnn import ops
from fastnn._config import check_count, check_flag
from fastnn.nn.activations import apply
from fastnn.nn.layer import Layer
from fastnn.ops.images import shape_of
from fastnn.ops.tensor import Tensor
from fastnn.ops.window import Padding, Size, numbers


class _Convolution(Layer):
    """What the layers share: ``filters`` kernels, a bias for each, an activation."""

    axes: tuple[str, ...] = ("N", "C", "H", "W")

    def __init__(
        self,
        filters: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Padding = 0,
        dilation: Size = 1,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        init: Any = "glorot_uniform",
        bias_init: Any = "zeros",
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        kind = type(self).__name__
        self.filters = check_count(kind, "filters", filters)
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.groups = check_count(kind, "groups", groups)
        self.activation = activation
        self.use_bias = check_flag(kind, "use_bias", use_bias)
        self.init = init
        self.bias_init = bias_init
        rank = len(self.axes) - 2
        self._kernel = tuple(
            check_count(kind, "kernel_size", k)
            for k in numbers(kind, "kernel_size", kernel_size, rank)
        )
        for argument, value in (("stride", stride), ("dilation", dilation)):
            for number in numbers(kind, argument, value, rank):
                check_count(kind, argument, number)

    def config(self) -> dict[str, Any]:
        names = "filters kernel_size stride padding dilation groups activation use_bias"
        return {name: getattr(self, name) for name in names.split()}

    def build(self, *inputs: Tensor) -> None:
        channels = shape_of(self.where, "input", inputs[0], self.axes)[1]
        if channels % self.groups or self.filters % self.groups:
            raise ValueError(
                f"{self.where}: groups must divide the {channels} channels of the input and the "
                f"{self.filters} filters, got {self.groups}"
            )
        self.weight = self.parameter("weight", self.weight_shape(channels), self.init)
        if self.use_bias:
            self.bias = self.parameter("bias", (self.filters,), self.bias_init, weight=False)

    def weight_shape(self, channels: int) -> tuple[int, ...]:
        """Of the filters for an input of so many channels."""
        return (self.filters, channels // self.groups, *self._kernel)

    def operands(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """Input, weight and, where there is one, bias."""
        return x, self.weight, self.bias if self.use_bias else None


class Conv2d(_Convolution):
    """Convolution of images, ``y = activation(w * x + b)``.

    Parameters
    ----------
    filters : int, >= 1
        Number of feature maps K.
    kernel_size : int or pair, >= 1
        Rows and columns that a filter sees.
    stride : int or pair, >= 1
        Pixels between neighbouring results.
    padding : int, pair, (top, bottom, left, right), "valid", "same" or "full"
        Zeros around the image, see `fastnn.ops.conv2d`.
    dilation : int or pair, >= 1
        Pixels between neighbouring elements of a filter.
    groups : int
        Parts of the channels that do not see each other; as many as channels: depthwise.
    activation : str or callable, optional
        Name of an activation ("relu", "tanh" ...) or a function of a tensor.
    use_bias : bool
        Whether to add b.
    init : str, float, array or callable
        Initial weight (K, C / groups, KH, KW), see `fastnn.nn.init`.
    bias_init : str, float, array or callable
        Initial bias (K,).
    name : str, optional
        What summaries, errors and parameter names call it; by default its class and number.

    Raises
    ------
    ValueError
        If a number is out of range, or the input is not (N, C, H, W) with channels that the groups
        divide.
    TypeError
        If a number is not an integer.

    Source
    ------
    LeCun et al., Gradient-based learning applied to document recognition, Proc. IEEE 86 (1998).

    Examples
    --------
    >>> import fastnn as fnn
    >>> y = fnn.nn.Conv2d(16, 3, padding="same")(fnn.Input((3, 32, 32)))
    >>> y.shape
    (None, 16, 32, 32)
    """

    def forward(self, x: Tensor) -> Any:
        y = ops.conv2d(
            *self.operands(x),
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            groups=self.groups,
        )
        return apply(self.activation, y, self.where)


class Conv1d(_Convolution):
    """Convolution along one axis, ``y = activation(w * x + b)``.

    Parameters
    ----------
    filters, kernel_size, stride, dilation, groups : int, >= 1
        As in `Conv2d`, for inputs (N, C, L) and weights (K, C / groups, KL).
    padding : int, (before, after), "valid", "same" or "full"
    activation, use_bias, init, bias_init, name
        As in `Conv2d`.

    Raises
    ------
    ValueError, TypeError
        As `Conv2d`.

    Source
    ------
    Waibel et al., Phoneme recognition using time-delay neural networks, IEEE Trans. ASSP 37 (1989).

    Examples
    --------
    >>> import fastnn as fnn
    >>> fnn.nn.Conv1d(8, 3, stride=2)(fnn.Input((2, 9))).shape
    (None, 8, 4)
    """

    axes = ("N", "C", "L")

    def forward(self, x: Tensor) -> Any:
        y = ops.conv1d(
            *self.operands(x),
            stride=self.stride,  # type: ignore[arg-type]
            padding=self.padding,
            dilation=self.dilation,  # type: ignore[arg-type]
            groups=self.groups,
        )
        return apply(self.activation, y, self.where)


class ConvTranspose2d(_Convolution):
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
            bias_init, name,
        )  # fmt: skip
        self.output_padding = output_padding

    def config(self) -> dict[str, Any]:
        return {**super().config(), "output_padding": self.output_padding}

    def weight_shape(self, channels: int) -> tuple[int, ...]:
        return (channels, self.filters // self.groups, *self._kernel)

    def forward(self, x: Tensor) -> Any:
        y = ops.conv_transpose2d(
            *self.operands(x),
            stride=self.stride,
            padding=self.padding,  # type: ignore[arg-type]
            output_padding=self.output_padding,
            groups=self.groups,
            dilation=self.dilation,
        )
        return apply(self.activation, y, self.where)
