"""Pooling layers of sequences."""

from __future__ import annotations

from typing import Any

from fastnn import ops
from fastnn._checks import check_flag, check_positive
from fastnn.nn.pooling import Pool, check_sizes
from fastnn.ops.tensor import Tensor


class MaxPool1d(Pool):
    """The largest element of each window of a sequence.

    Parameters
    ----------
    kernel_size : int, >= 1
        Length of a window.
    stride : int, >= 1, optional
        Steps from window to window; by default ``kernel_size``, smaller ones overlap.
    padding : int, >= 0
        Length of a border that is below every number; at most half of a window.
    dilation : int, >= 1
        Steps from one element of a window to the next.
    ceil_mode : bool
        Whether elements left at the end get a window of their own.
    name : str, optional
        What summaries, errors and parameter names call it; by default its class and number.

    Raises
    ------
    ValueError
        If a number is below its least; when called, if the input is no sequence or no window fits.
    TypeError
        If a number is not an integer, or ``ceil_mode`` not True or False.

    Source
    ------
    As of `fastnn.ops.max_pool1d`.

    Examples
    --------
    >>> import fastnn as fnn
    >>> fnn.nn.MaxPool1d(3, stride=2)(fnn.Input((96, 55))).shape
    (None, 96, 27)
    """

    axes = 1

    def __init__(
        self,
        kernel_size: int,
        stride: int | None = None,
        padding: int = 0,
        dilation: int = 1,
        ceil_mode: bool = False,
        name: str | None = None,
    ) -> None:
        super().__init__(kernel_size, stride, padding, ceil_mode, name)
        check_sizes(self.where, "dilation", dilation, 1, self.axes)
        self.dilation = dilation

    def config(self) -> dict[str, Any]:
        return super().config() | {"dilation": self.dilation}

    def forward(self, x: Tensor) -> Any:
        return ops.max_pool1d(
            x, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode
        )


class AvgPool1d(Pool):
    """The mean of each window of a sequence.

    Parameters
    ----------
    kernel_size : int, >= 1
        Length of a window.
    stride : int, >= 1, optional
        Steps from window to window; by default ``kernel_size``, smaller ones overlap.
    padding : int, >= 0
        Length of a border of zeros; at most half of a window.
    ceil_mode : bool
        Whether elements left at the end get a window of their own.
    count_include_pad : bool
        Whether the border's zeros count in the mean.
    name : str, optional
        What summaries, errors and parameter names call it; by default its class and number.

    Raises
    ------
    ValueError
        If a number is below its least; when called, if the input is no sequence or no window fits.
    TypeError
        If a number is not an integer, or a flag not True or False.

    Source
    ------
    As of `fastnn.ops.avg_pool1d`.

    Examples
    --------
    >>> import fastnn as fnn
    >>> fnn.nn.AvgPool1d(2)(fnn.Input((6, 28))).shape
    (None, 6, 14)
    """

    axes = 1

    def __init__(
        self,
        kernel_size: int,
        stride: int | None = None,
        padding: int = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        name: str | None = None,
    ) -> None:
        super().__init__(kernel_size, stride, padding, ceil_mode, name)
        self.count_include_pad = check_flag(self.where, "count_include_pad", count_include_pad)

    def config(self) -> dict[str, Any]:
        return super().config() | {"count_include_pad": self.count_include_pad}

    def forward(self, x: Tensor) -> Any:
        return ops.avg_pool1d(
            x, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad
        )


class LPPool1d(Pool):
    """The power sum of each window of a sequence; with ``norm_type`` 2 its Euclidean length.

    Parameters
    ----------
    norm_type : float, > 0
        The power.
    kernel_size : int, >= 1
        Length of a window.
    stride : int, >= 1, optional
        Steps from window to window; by default ``kernel_size``, smaller ones overlap.
    ceil_mode : bool
        Whether elements left at the end get a window of their own.
    name : str, optional
        What summaries, errors and parameter names call it; by default its class and number.

    Raises
    ------
    ValueError
        If a number is below its least; when called, if the input is no sequence or no window fits.
    TypeError
        If a size is not an integer, or ``ceil_mode`` not True or False.

    Source
    ------
    As of `fastnn.ops.lp_pool1d`.

    Examples
    --------
    >>> import fastnn as fnn
    >>> fnn.nn.LPPool1d(2, 2)(fnn.Input((20, 24))).shape
    (None, 20, 12)
    """

    axes = 1

    def __init__(
        self,
        norm_type: float,
        kernel_size: int,
        stride: int | None = None,
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
        return ops.lp_pool1d(
            x, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode
        )
