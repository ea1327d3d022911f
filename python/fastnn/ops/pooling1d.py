"""Pooling of sequences: that of images one pixel high."""

from __future__ import annotations

from typing import Any

from fastnn._checks import check_count, check_flag
from fastnn.ops.images import as_image, as_sequence, shape_of
from fastnn.ops.pooling import avg_pool2d, lp_pool2d, max_pool2d, power
from fastnn.ops.tensor import shape_text, where_of

__all__ = ["avg_pool1d", "lp_pool1d", "max_pool1d"]


def max_pool1d(
    x: Any,
    kernel_size: int,
    stride: int | None = None,
    padding: int = 0,
    dilation: int = 1,
    ceil_mode: bool = False,
) -> Any:
    """Largest element of each window of a sequence; see `max_pool2d`.

    Parameters
    ----------
    x : float array or Tensor, shape (N, C, L)
    kernel_size : int, >= 1
        Length of a window.
    stride : int, >= 1, optional
        Steps from window to window; by default ``kernel_size``.
    padding : int, >= 0
        Length of a border that is below every number; at most half of a window.
    dilation : int, >= 1
        Steps from one element of a window to the next.
    ceil_mode : bool
        Whether elements left at the end get a window of their own.

    Returns
    -------
    y : array or Tensor, shape (N, C, L')

    Raises
    ------
    ValueError
        If ``x`` has not 3 axes, a number is below its least, ``padding`` is more than half of a
        window, or no window fits.
    TypeError
        If a number is not an integer, or a flag not True or False.

    Source
    ------
    As of `max_pool2d`.

    Examples
    --------
    >>> max_pool1d([[[1.0, 2.0, 5.0, 0.0]]], 2)
    array([[[2., 5.]]], dtype=float32)
    """
    op = "max_pool1d"
    step, border, ceil = _check(op, x, kernel_size, stride, padding, dilation, ceil_mode)
    y = max_pool2d(as_image(op, x), (1, kernel_size), step, border, (1, dilation), ceil)
    return as_sequence(y)


def avg_pool1d(
    x: Any,
    kernel_size: int,
    stride: int | None = None,
    padding: int = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Any:
    """Mean of each window of a sequence; see `avg_pool2d`.

    Parameters
    ----------
    x : float array or Tensor, shape (N, C, L)
    kernel_size : int, >= 1
        Length of a window.
    stride : int, >= 1, optional
        Steps from window to window; by default ``kernel_size``.
    padding : int, >= 0
        Length of a border of zeros; at most half of a window.
    ceil_mode : bool
        Whether elements left at the end get a window of their own.
    count_include_pad : bool
        Whether the border's zeros count in the mean.

    Returns
    -------
    y : array or Tensor, shape (N, C, L')

    Raises
    ------
    ValueError
        If ``x`` has not 3 axes, a number is below its least, ``padding`` is more than half of a
        window, or no window fits.
    TypeError
        If a number is not an integer, or a flag not True or False.

    Source
    ------
    As of `avg_pool2d`.

    Examples
    --------
    >>> avg_pool1d([[[1.0, 2.0, 5.0, 0.0]]], 2)
    array([[[1.5, 2.5]]], dtype=float32)
    """
    op = "avg_pool1d"
    check_flag(where_of(op), "count_include_pad", count_include_pad)
    step, border, ceil = _check(op, x, kernel_size, stride, padding, 1, ceil_mode)
    y = avg_pool2d(as_image(op, x), (1, kernel_size), step, border, ceil, count_include_pad)
    return as_sequence(y)


def lp_pool1d(
    x: Any,
    norm_type: float,
    kernel_size: int,
    stride: int | None = None,
    ceil_mode: bool = False,
) -> Any:
    """Power sum of each window of a sequence, ``y = (sum x^p)^(1/p)``; see `lp_pool2d`.

    Parameters
    ----------
    x : float array or Tensor, shape (N, C, L)
    norm_type : float, > 0
        The power p; odd ones want elements >= 0.
    kernel_size : int, >= 1
        Length of a window.
    stride : int, >= 1, optional
        Steps from window to window; by default ``kernel_size``.
    ceil_mode : bool
        Whether elements left at the end get a window of their own.

    Returns
    -------
    y : array or Tensor, shape (N, C, L')

    Raises
    ------
    ValueError
        If ``x`` has not 3 axes, a number is below its least, ``norm_type`` is not finite, or no
        window fits.
    TypeError
        If a size is not an integer.

    Source
    ------
    As of `lp_pool2d`.

    Examples
    --------
    >>> lp_pool1d([[[3.0, 4.0, 0.0, 2.0]]], 2, 2)
    array([[[5., 2.]]], dtype=float32)
    """
    op = "lp_pool1d"
    p = power(where_of(op), norm_type)
    step, _, ceil = _check(op, x, kernel_size, stride, 0, 1, ceil_mode)
    return as_sequence(lp_pool2d(as_image(op, x), p, (1, kernel_size), step, ceil))


_LARGEST = 2**31 - 1  # of the core's windows


def _check(
    op: str, x: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: Any
) -> tuple[tuple[int, int], tuple[int, int], bool]:
    """The rules of pooling images, told of sequences; stride, padding and ceil_mode for images."""
    where = where_of(op)
    shape = shape_of(op, "x", x, ("N", "C", "L"))
    kernel = _number(where, "kernel_size", kernel_size)
    step = kernel if stride is None else _number(where, "stride", stride)
    border = _number(where, "padding", padding, 0)
    window = (kernel - 1) * _number(where, "dilation", dilation) + 1
    ceil = check_flag(where, "ceil_mode", ceil_mode)
    if 2 * border > window:
        raise ValueError(
            f"{where}: padding must be at most half of the window, {window // 2}, got {border}"
        )
    room = shape[2] + 2 * border + (step - 1 if ceil else 0)
    if shape[2] < 1 or room < window:
        raise ValueError(
            f"{where}: kernel_size must fit into x of shape {shape_text(shape)} with its padding, "
            f"got windows of {window}"
        )
    return (1, step), (0, border), ceil


def _number(where: str, argument: str, value: Any, least: int = 1) -> int:
    number = check_count(where, argument, value, least)
    if number > _LARGEST:
        raise ValueError(f"{where}: {argument} must be at most {_LARGEST}, got {value!r}")
    return number
