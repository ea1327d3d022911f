"""Convolutional layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn import ops
from fastnn._checks import check_count, check_flag, is_one_of
from fastnn.nn.activations import apply, check_activation
from fastnn.nn.layer import Layer
from fastnn.ops.images import shape_of
from fastnn.ops.tensor import Tensor, shape_text
from fastnn.ops.window import Padding, Size, borders, numbers, paddings

PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


class Filters(Layer):
    """What convolutional layers share: ``filters`` kernels, a bias for each, an activation.

    The classes that users see spell their arguments out, for errors of Python's to name them.

    Parameters
    ----------
    filters, kernel_size, stride, padding, dilation, groups, activation, use_bias, init, bias_init, name
        As in `Conv2d`.

    Attributes
    ----------
    axes : tuple of str
        Of the input.
    named : bool
        Whether ``padding`` may be "valid", "same" or "full".
    """

    axes: tuple[str, ...] = ("N", "C", "H", "W")
    named = True

    def __init__(
        self,
        filters: int,
        kernel_size: Size,
        stride: Size,
        padding: Padding,
        dilation: Size,
        groups: int,
        activation: Any,
        use_bias: bool,
        init: Any,
        bias_init: Any,
        name: str | None,
    ) -> None:
        super().__init__(name)
        where, rank = self.where, len(self.axes) - 2
        self.filters = check_count(where, "filters", filters)
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.groups = check_count(where, "groups", groups)
        self.activation = activation
        self.use_bias = check_flag(where, "use_bias", use_bias)
        self.init = init
        self.bias_init = bias_init
        self._kernel, self._stride, self._dilation = (
            tuple(check_count(where, argument, n) for n in numbers(where, argument, value, rank))
            for argument, value in (
                ("kernel_size", kernel_size),
                ("stride", stride),
                ("dilation", dilation),
            )
        )
        borders(where, padding, rank, named=self.named)
        if filters % groups:
            raise ValueError(f"{where}: groups must divide the {filters} filters, got {groups}")
        check_activation(where, activation)

    def config(self) -> dict[str, Any]:
        names = "filters kernel_size stride padding dilation groups activation use_bias"
        return {name: getattr(self, name) for name in names.split()}

    def build(self, *inputs: Tensor) -> None:
        channels = shape_of(self.where, "input", inputs[0], self.axes)[1]
        if channels % self.groups:
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


class Convolution(Filters):
    """What `Conv1d` and `Conv2d` share: borders of all modes, and filters that may be turned.

    Parameters
    ----------
    arguments
        As in `Filters`.
    padding_mode, flip
        As in `Conv2d`.
    """

    def __init__(self, *arguments: Any, padding_mode: str, flip: bool) -> None:
        super().__init__(*arguments)
        if not is_one_of(padding_mode, PADDING_MODES):
            raise ValueError(
                f"{self.where}: padding_mode must be one of {', '.join(PADDING_MODES)}, "
                f"got {padding_mode!r}"
            )
        self.padding_mode = padding_mode
        self.flip = check_flag(self.where, "flip", flip)

    def config(self) -> dict[str, Any]:
        return super().config() | {"padding_mode": self.padding_mode, "flip": self.flip}

    def bordered(self, x: Tensor) -> tuple[Tensor, Padding]:
        """The input with its border, where that is not of zeros, and the padding that is left."""
        if self.padding_mode == "zeros":
            return x, self.padding
        lengths: Sequence[Any] = x.shape[2:]
        around = paddings(
            self.where, self.padding, lengths, self._kernel, self._stride, self._dilation
        )
        pairs = list(zip(around[::2], around[1::2], strict=True))
        for length, pair in zip(lengths, pairs, strict=True):
            most = length - (self.padding_mode == "reflect")
            if self.padding_mode != "replicate" and max(pair) > most:
                raise ValueError(
                    f"{self.where}: padding must be at most {most} where padding_mode is "
                    f'"{self.padding_mode}" and x has shape {shape_text(x.shape)}, got {max(pair)}'
                )
        if not any(around):
            return x, 0
        return ops.pad(x, [p for pair in reversed(pairs) for p in pair], mode=self.padding_mode), 0

    def convolved(self, op: Any, x: Tensor) -> Any:
        """``op`` of the input, with this layer's arguments, and the activation."""
        x, padding = self.bordered(x)
        y = op(
            *self.operands(x),
            stride=self.stride,
            padding=padding,
            dilation=self.dilation,
            groups=self.groups,
            flip=self.flip,
        )
        return apply(self.activation, y, self.where)


class Conv2d(Convolution):
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
        Border around the image, see `fastnn.ops.conv2d`.
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
    padding_mode : str
        What the border holds: "zeros", or what is inside of it: "reflect" mirrors the image at its
        ends, "replicate" repeats the ends, "circular" goes on at the other end.
    flip : bool
        Turn the filters by 180 degrees: convolution as mathematics defines it.

    Raises
    ------
    ValueError
        If a number is out of range, a name is unknown, or ``groups`` does not divide ``filters``;
        when called, if the input is not (N, C, H, W) with channels that the groups divide, or too
        small for the kernel or a border of what is inside.
    TypeError
        If a number is not an integer, or a flag not True or False.

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
        *,
        padding_mode: str = "zeros",
        flip: bool = False,
    ) -> None:
        super().__init__(
            filters, kernel_size, stride, padding, dilation, groups, activation, use_bias, init,
            bias_init, name, padding_mode=padding_mode, flip=flip,
        )  # fmt: skip

    def forward(self, x: Tensor) -> Any:
        return self.convolved(ops.conv2d, x)


class Conv1d(Convolution):
    """Convolution along one axis, ``y = activation(w * x + b)``.

    Parameters
    ----------
    filters, kernel_size, stride, dilation, groups : int, >= 1
        As in `Conv2d`, for inputs (N, C, L) and weights (K, C / groups, KL).
    padding : int, (before, after), "valid", "same" or "full"
    activation, use_bias, init, bias_init, name, padding_mode, flip
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
        *,
        padding_mode: str = "zeros",
        flip: bool = False,
    ) -> None:
        super().__init__(
            filters, kernel_size, stride, padding, dilation, groups, activation, use_bias, init,
            bias_init, name, padding_mode=padding_mode, flip=flip,
        )  # fmt: skip

    def forward(self, x: Tensor) -> Any:
        return self.convolved(ops.conv1d, x)
