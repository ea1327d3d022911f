"""Pooling: one number for each window of an image, channel by channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn._checks import check_count, check_flag, check_positive
from fastnn.ops.attributes import per_axis, real
from fastnn.ops.images import MOST, on_pixels, shape_of
from fastnn.ops.tensor import Tensor, call, shape_text, where_of

__all__ = [
    "adaptive_avg_pool2d",
    "avg_pool2d",
    "lp_pool2d",
    "max_pool2d",
]

Size = int | Sequence[int]


def sizes(where: str, argument: str, value: Any) -> tuple[int, ...] | None:
    """Those of rows and columns; None is left to the op, but for the window itself."""
    rule = "hold 1 or 2 integers"
    if value is not None:
        return per_axis(where, argument, value, 2, rule)
    if argument == "kernel_size":
        raise ValueError(f"{where}: {argument} must {rule}, got None")
    return None


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
    where = where_of("max_pool2d")
    return on_pixels(
        "max_pool2d",
        x,
        kernel_size=sizes(where, "kernel_size", kernel_size),
        stride=sizes(where, "stride", stride),
        padding=sizes(where, "padding", padding),
        dilation=sizes(where, "dilation", dilation),
        ceil_mode=int(check_flag(where, "ceil_mode", ceil_mode)),
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
    where = where_of("avg_pool2d")
    if divisor_override is not None:
        divisor_override = check_count(where, "divisor_override", divisor_override)
    return on_pixels(
        "avg_pool2d",
        x,
        kernel_size=sizes(where, "kernel_size", kernel_size),
        stride=sizes(where, "stride", stride),
        padding=sizes(where, "padding", padding),
        ceil_mode=int(check_flag(where, "ceil_mode", ceil_mode)),
        count_include_pad=int(check_flag(where, "count_include_pad", count_include_pad)),
        divisor_override=divisor_override,
    )


def adaptive_avg_pool2d(x: Any, output_size: Size) -> Any:
    """Means of windows that cut an image into ``output_size`` parts, whatever its size.

    Window i of an axis of length n, of k windows, is from ``floor(i n / k)`` to
    ``ceil((i + 1) n / k)``. Where k does not divide n, a NaN makes its whole row and column NaN.

    Parameters
    ----------
    x : float array or Tensor, shape (N, C, H, W)
    output_size : int or (int, int), >= 1
        Height and width of the result.

    Returns
    -------
    y : array or Tensor, shape (N, C, H', W')

    Raises
    ------
    ValueError
        If ``x`` has not 4 axes or no pixels, or ``output_size`` is below 1 or too large for any
        memory.
    TypeError
        If ``output_size`` does not hold integers.

    Source
    ------
    He, Zhang, Ren and Sun, Spatial pyramid pooling in deep convolutional networks for visual
    recognition, ECCV (2014).

    Examples
    --------
    >>> adaptive_avg_pool2d([[[[1.0, 2.0, 6.0]]]], (1, 2))
    array([[[[1.5, 4. ]]]], dtype=float32)
    """
    op = where_of("adaptive_avg_pool2d")
    shape = shape_of("adaptive_avg_pool2d", "x", x, ("N", "C", "H", "W"))
    rule = "hold 1 or 2 integers >= 1"
    size = per_axis(op, "output_size", output_size, 2, rule)
    if min(size) < 1:
        raise ValueError(f"{op}: output_size must {rule}, got {output_size!r}")
    if 0 in shape[2:]:
        raise ValueError(f"{op}: x must have pixels, got shape {shape_text(shape)}")
    if all(n % k == 0 for n, k in zip(shape[2:], size, strict=True)):
        return avg_pool2d(x, [n // k for n, k in zip(shape[2:], size, strict=True)])
    if max(n * k for n, k in zip(shape[2:], size, strict=True)) >= MOST:
        raise ValueError(
            f"{op}: output_size must make arrays of less than 2**47 elements, got {output_size!r} "
            f"for x of {shape[2]} x {shape[3]} pixels"
        )
    narrow = not isinstance(x, Tensor) and getattr(x, "dtype", None) != np.float64
    dtype = "f4" if narrow else "f8"  # a model takes of a constant's digits what it needs
    rows, columns = (_shares(n, k).astype(dtype) for n, k in zip(shape[2:], size, strict=True))
    return call("matmul", rows, call("matmul", x, columns.T))


def _shares(length: int, windows: int) -> NDArray[np.float64]:
    """(windows, length): what each element of an axis counts in each window's mean."""
    shares = np.zeros((windows, length), "f8")
    for i in range(windows):
        begin, end = i * length // windows, -(-(i + 1) * length // windows)
        shares[i, begin:end] = 1 / (end - begin)
    return shares


def lp_pool2d(
    x: Any,
    norm_type: float,
    kernel_size: Size,
    stride: Size | None = None,
    ceil_mode: bool = False,
) -> Any:
    """Power sum of each window, ``y = (sum x^p)^(1/p)``; p = 2 is its Euclidean length.

    The gradient is 0 where a window is 0. Windows that reach over the end, in ``ceil_mode``, count
    as if the elements they have stood for all.

    Parameters
    ----------
    x : float array or Tensor, shape (N, C, H, W)
    norm_type : float, > 0
        The power p; odd ones want elements >= 0. For the largest element there is `max_pool2d`.
    kernel_size : int or (int, int), >= 1
        Height and width of a window, in pixels.
    stride : int or (int, int), >= 1, optional
        Pixels from window to window; by default ``kernel_size``, smaller ones overlap.
    ceil_mode : bool
        Whether pixels left at the end get a window of their own.

    Returns
    -------
    y : array or Tensor, shape (N, C, H', W')
        As of `max_pool2d`.

    Raises
    ------
    ValueError
        If ``x`` has not 4 axes, a number is below its least, or no window fits.
    TypeError
        If a size is not an integer.

    Source
    ------
    Sermanet, Chintala and LeCun, Convolutional neural networks applied to house numbers digit
    classification, ICPR (2012).

    Examples
    --------
    >>> lp_pool2d([[[[3.0, 0.0], [0.0, 4.0]]]], 2, 2)
    array([[[[5.]]]], dtype=float32)
    """
    where = where_of("lp_pool2d")
    return on_pixels(
        "lp_pool2d",
        x,
        kernel_size=sizes(where, "kernel_size", kernel_size),
        stride=sizes(where, "stride", stride),
        ceil_mode=int(check_flag(where, "ceil_mode", ceil_mode)),
        norm_type=power(where, norm_type),
    )


def power(where: str, norm_type: Any) -> float:
    """The power of a power sum; the root of an infinite one is nothing that a sum could show."""
    p = real(where, "norm_type", norm_type)
    check_positive(where, "norm_type", p)
    return p
