"""Pooling: one number for each window of an image, channel by channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn.ops.attributes import whole, wholes
from fastnn.ops.images import on_pixels

__all__ = ["avg_pool2d", "max_pool2d"]

Size = int | Sequence[int]


def sizes(op: str, argument: str, value: Any) -> tuple[int, ...] | None:
    """One integer or two of them; None is left to the op."""
    return None if value is None else wholes(op, argument, value)


def max_pool2d(
    x: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
) -> Any:
    """Largest element of each window.

    Where several are equal the first one receives the gradient. A NaN makes its windows NaN.

    Parameters
    ----------
    x : float array or Tensor, shape (N, C, H, W)
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

    Returns
    -------
    y : array or Tensor, shape (N, C, H', W')
        ``H' = (H + 2 padding - dilation (kernel_size - 1) - 1) / stride + 1``, rounded down, or up
        in ``ceil_mode``.

    Raises
    ------
    ValueError
        If ``x`` has not 4 axes, a number is below its least, ``padding`` is more than half of a
        window, or no window fits.
    TypeError
        If a number is not an integer.

    Source
    ------
    Weng, Ahuja and Huang, Cresceptron: a self-organizing neural network which grows adaptively,
    IJCNN (1992). Overlapping windows: Krizhevsky, Sutskever and Hinton, ImageNet classification
    with deep convolutional neural networks, NIPS (2012).

    Examples
    --------
    >>> max_pool2d([[[[1.0, 2.0, 5.0, 0.0], [4.0, 3.0, 1.0, 1.0]]]], 2)
    array([[[[4., 5.]]]], dtype=float32)
    """
    return on_pixels(
        "max_pool2d",
        x,
        kernel_size=sizes("max_pool2d", "kernel_size", kernel_size),
        stride=sizes("max_pool2d", "stride", stride),
        padding=sizes("max_pool2d", "padding", padding),
        dilation=sizes("max_pool2d", "dilation", dilation),
        ceil_mode=int(ceil_mode),
    )


def avg_pool2d(
    x: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Any:
    """Mean of each window.

    Parameters
    ----------
    x : float array or Tensor, shape (N, C, H, W)
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
    divisor_override : int, >= 1, optional
        What sums are divided by, in the place of the number of elements.

    Returns
    -------
    y : array or Tensor, shape (N, C, H', W')
        As of `max_pool2d`.

    Raises
    ------
    ValueError
        If ``x`` has not 4 axes, a number is below its least, ``padding`` is more than half of a
        window, or no window fits.
    TypeError
        If a number is not an integer.

    Source
    ------
    LeCun et al., Gradient-based learning applied to document recognition, Proc. IEEE 86 (1998).

    Examples
    --------
    >>> avg_pool2d([[[[1.0, 2.0, 5.0, 0.0], [4.0, 3.0, 1.0, 0.0]]]], 2)
    array([[[[2.5, 1.5]]]], dtype=float32)
    """
    if (
        divisor_override is not None
        and whole("avg_pool2d", "divisor_override", divisor_override) < 1
    ):
        raise ValueError(
            f"avg_pool2d: divisor_override must be an integer >= 1, got {divisor_override}"
        )
    return on_pixels(
        "avg_pool2d",
        x,
        kernel_size=sizes("avg_pool2d", "kernel_size", kernel_size),
        stride=sizes("avg_pool2d", "stride", stride),
        padding=sizes("avg_pool2d", "padding", padding),
        ceil_mode=int(ceil_mode),
        count_include_pad=int(count_include_pad),
        divisor_override=divisor_override,
    )
