"""Convolution of sequences: that of images one pixel high."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn._checks import check_flag
from fastnn.ops.attributes import whole
from fastnn.ops.convolution import conv2d, conv_transpose2d
from fastnn.ops.images import as_image, as_sequence, known_shape
from fastnn.ops.shapes import reshape
from fastnn.ops.tensor import shape_text, where_of
from fastnn.ops.window import Padding, Size, borders, check_output_padding, numbers, paddings

__all__ = ["conv1d", "conv_transpose1d"]


def conv1d(
    x: Any,
    w: Any,
    b: Any = None,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
    flip: bool = False,
) -> Any:
    """Convolution along one axis: `conv2d` of images one pixel high.

    Parameters
    ----------
    x : float array or Tensor, shape (N, C, L)
    w : float array or Tensor, shape (K, C / groups, KL)
    b : float array or Tensor, shape (K,), optional
    stride, dilation : int, >= 1
    groups, flip
        As in `conv2d`.
    padding : int, (before, after), "valid", "same" or "full"

    Returns
    -------
    y : array or Tensor, shape (N, K, OL)

    Raises
    ------
    ValueError, TypeError
        As `conv2d`.

    Source
    ------
    Waibel et al., Phoneme recognition using time-delay neural networks, IEEE Trans. ASSP 37 (1989).

    Examples
    --------
    >>> conv1d([[[1.0, 2.0, 4.0, 8.0]]], [[[1.0, 1.0]]])
    array([[[ 3.,  6., 12.]]], dtype=float32)
    """
    where = where_of("conv1d")
    _, _, length = known_shape("conv1d", "x", x, ("N", "C", "L"))
    filters, depth, reach = known_shape("conv1d", "w", w, ("K", "C", "KL"))
    (step,) = numbers(where, "stride", stride, 1, least=1)
    (space,) = numbers(where, "dilation", dilation, 1, least=1)
    around = paddings(where, padding, (length,), (reach,), (step,), (space,))
    parts = whole(where, "groups", groups)
    _check_narrow(where, x, w, b, parts, around, space)
    y = conv2d(
        as_image("conv1d", x),
        reshape(w, (filters, depth, 1, reach)),
        b,
        (1, step),
        (0, 0, *around),
        (1, space),
        parts,
        check_flag(where, "flip", flip),
    )
    return as_sequence(y)


def _check_narrow(
    where: str, x: Any, w: Any, b: Any, groups: int, padding: tuple[int, ...], dilation: int
) -> None:
    """The rules of conv2d that speak of shapes, for axes as users of conv1d know them."""
    (_, channels, length), (filters, depth, reach) = np.shape(x), np.shape(w)
    if groups < 1 or channels % groups or filters % groups:
        raise ValueError(
            f"{where}: groups must divide the {channels} channels of x and the {filters} filters "
            f"of w, got {groups}"
        )
    if depth * groups != channels:
        raise ValueError(
            f"{where}: w must have shape (K, {channels // groups}, KL) because x has shape "
            f"{shape_text(np.shape(x))}, got {np.shape(w)}"
        )
    _check_bias(where, w, b, filters)
    if filters < 1 or reach < 1:
        raise ValueError(
            f"{where}: w must have at least 1 filter and 1 position, got shape {np.shape(w)}"
        )
    room, needed = length + sum(padding), (reach - 1) * dilation + 1
    if needed > room:
        remedy = ', use padding="same" or a smaller kernel' if length else ""
        raise ValueError(
            f"{where}: w must reach over at most the {room} positions of x with its padding, got "
            f"{needed}; x has shape {shape_text(np.shape(x))}{remedy}"
        )


def _check_bias(where: str, w: Any, b: Any, filters: int) -> None:
    if b is not None and np.shape(b) != (filters,):
        raise ValueError(
            f"{where}: b must have shape ({filters},) because w has shape {np.shape(w)}, "
            f"got {np.shape(b)}"
        )


def conv_transpose1d(
    x: Any,
    w: Any,
    b: Any = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> Any:
    """Transposed convolution along one axis: `conv_transpose2d` of images one pixel high.

    ``OL = (L - 1) stride - 2 padding + dilation (KL - 1) + output_padding + 1``.

    Parameters
    ----------
    x : float array or Tensor, shape (N, C, L)
    w : float array or Tensor, shape (C, K / groups, KL)
    b : float array or Tensor, shape (K,), optional
    stride : int, >= 1
    padding : int or (before, after)
        Elements of the result that are cut off at its ends.
    output_padding : int
        Elements more at the end of the result; below the stride or the dilation.
    groups : int
    dilation : int, >= 1

    Returns
    -------
    y : array or Tensor, shape (N, K, OL)

    Raises
    ------
    ValueError, TypeError
        As `conv_transpose2d`.

    Source
    ------
    As of `conv_transpose2d`.

    Examples
    --------
    >>> conv_transpose1d([[[1.0, 2.0]]], [[[1.0, 0.5]]], stride=2)
    array([[[1. , 0.5, 2. , 1. ]]], dtype=float32)
    """
    op = "conv_transpose1d"
    where = where_of(op)
    known_shape(op, "x", x, ("N", "C", "L"))
    rows, depth, reach = known_shape(op, "w", w, ("C", "K", "KL"))
    (step,) = numbers(where, "stride", stride, 1, least=1)
    (space,) = numbers(where, "dilation", dilation, 1, least=1)
    (extra,) = numbers(where, "output_padding", output_padding, 1, least=0)
    before, after = borders(where, padding, 1, named=False)
    parts = whole(where, "groups", groups)
    _check_wide(where, x, w, b, parts)
    check_output_padding(where, (extra,), (step,), (space,))
    length = np.shape(x)[2]
    left = (length - 1) * step - before - after + space * (reach - 1) + extra + 1
    if length > 0 and left < 1:
        raise ValueError(
            f"{where}: padding must leave at least 1 of the positions of the result, got {left}; x "
            f"has shape {shape_text(np.shape(x))}"
        )
    y = conv_transpose2d(
        as_image(op, x),
        reshape(w, (rows, depth, 1, reach)),
        b,
        (1, step),
        (0, 0, before, after),
        (0, extra),
        parts,
        (1, space),
    )
    return as_sequence(y)


def _check_wide(where: str, x: Any, w: Any, b: Any, groups: int) -> None:
    """The rules of conv_transpose2d that speak of shapes, likewise."""
    channels, (rows, depth, reach) = np.shape(x)[1], np.shape(w)
    if groups < 1 or channels % groups:
        raise ValueError(f"{where}: groups must divide the {channels} channels of x, got {groups}")
    if rows != channels or depth < 1 or reach < 1:
        raise ValueError(
            f"{where}: w must have shape ({channels}, K, KL) because x has shape "
            f"{shape_text(np.shape(x))}, got {np.shape(w)}"
        )
    _check_bias(where, w, b, depth * groups)
