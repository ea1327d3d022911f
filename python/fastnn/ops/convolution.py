"""Convolution of images and of sequences."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops.attributes import whole
from fastnn.ops.images import on_pixels, shape_of, where_of
from fastnn.ops.shapes import reshape
from fastnn.ops.tensor import shape_text
from fastnn.ops.window import Padding, Size, numbers, paddings

__all__ = ["conv1d", "conv2d", "conv_transpose2d"]


def conv2d(
    x: Any,
    w: Any,
    b: Any = None,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
    flip: bool = False,
) -> Any:
    """Convolution of images by filters, as networks compute it: a cross-correlation.

    ``y[n, k, i, j] = b[k] + sum over c, u, v of w[k, c, u, v] x[n, c, i s - p + u d, j s - p + v d]``

    In float32, 3 x 3 filters of 16 channels and more may be computed by Winograd's filtering, tiles
    of 4 x 4 results at a time: an infinity or NaN then makes its whole tile NaN, and rounding is
    relative to the largest pixel of the tile. float64 is always summed directly. Results of few
    filters (half a vector or less, of either type) are computed several side by side, each over the
    pixels of all: what is not finite makes NaN of up to a vector's width of them, whether they read
    it or not.

    Parameters
    ----------
    x : float array or Tensor, shape (N, C, H, W)
    w : float array or Tensor, shape (K, C / groups, KH, KW)
        K filters.
    b : float array or Tensor, shape (K,), optional
        Added to each filter's results.
    stride : int or pair, >= 1
        Pixels between neighbouring results.
    padding : int, pair, (top, bottom, left, right), "valid", "same" or "full"
        Zeros around the image. "same" gives ceil(H / stride) rows, "full" reaches wherever the
        filter touches the image (wide convolution), "valid" adds none (narrow convolution).
    dilation : int or pair, >= 1
        Pixels between neighbouring elements of a filter.
    groups : int
        Channels and filters are cut into so many parts that do not see each other; C of them is
        depthwise convolution.
    flip : bool
        Turn the filters by 180 degrees: convolution as mathematics defines it.

    Returns
    -------
    y : array or Tensor, shape (N, K, OH, OW)

    Raises
    ------
    ValueError
        If shapes do not fit, the kernel is larger than the padded image, or numbers are out of
        range.

    Source
    ------
    LeCun et al., Gradient-based learning applied to document recognition, Proc. IEEE 86 (1998);
    Dumoulin and Visin, A guide to convolution arithmetic for deep learning (2016).

    Examples
    --------
    >>> x = [[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]]
    >>> conv2d(x, [[[[1.0, -1.0]]]])
    array([[[[-1., -1.],
             [-1., -1.]]]], dtype=float32)
    >>> conv2d(x, [[[[1.0, -1.0]]]], flip=True, padding="same")
    array([[[[ 1.,  1., -3.],
             [ 1.,  1., -6.]]]], dtype=float32)
    """
    kernel = shape_of("conv2d", "w", w, ("K", "C", "KH", "KW"))[2:]
    lengths = shape_of("conv2d", "x", x, ("N", "C", "H", "W"))[2:]
    steps = numbers("conv2d", "stride", stride, least=1)
    spaces = numbers("conv2d", "dilation", dilation, least=1)
    return on_pixels(
        "conv2d",
        x,
        *((w,) if b is None else (w, b)),
        stride=steps,
        padding=paddings("conv2d", padding, lengths, kernel, steps, spaces),
        dilation=spaces,
        groups=whole("conv2d", "groups", groups),
        flip=bool(flip),
    )


def conv1d(
    x: Any,
    w: Any,
    b: Any = None,
    stride: int = 1,
    padding: Padding = 0,
    dilation: int = 1,
    groups: int = 1,
    flip: bool = False,
) -> Any:
    """Convolution along one axis: `conv2d` of images one pixel high.

    Parameters
    ----------
    x : float array or Tensor, shape (N, C, L)
    w : float array or Tensor, shape (K, C / groups, KL)
    b : float array or Tensor, shape (K,), optional
    stride, dilation, groups, flip
        As in `conv2d`.
    padding : int, (before, after), "valid", "same" or "full"

    Returns
    -------
    y : array or Tensor, shape (N, K, OL)

    Raises
    ------
    ValueError
        As `conv2d`.

    Source
    ------
    Waibel et al., Phoneme recognition using time-delay neural networks, IEEE Trans. ASSP 37 (1989).

    Examples
    --------
    >>> conv1d([[[1.0, 2.0, 4.0, 8.0]]], [[[1.0, 1.0]]])
    array([[[ 3.,  6., 12.]]], dtype=float32)
    """
    _, channels, length = shape_of("conv1d", "x", x, ("N", "C", "L"))
    filters, depth, reach = shape_of("conv1d", "w", w, ("K", "C", "KL"))
    (step,) = numbers("conv1d", "stride", stride, 1, least=1)
    (space,) = numbers("conv1d", "dilation", dilation, 1, least=1)
    around = paddings("conv1d", padding, (length,), (reach,), (step,), (space,))
    _check_sequences(x, w, b, whole("conv1d", "groups", groups), around, space)
    y = conv2d(
        reshape(x, (None, channels, 1, length)),
        reshape(w, (filters, depth, 1, reach)),
        b,
        (1, step),
        (0, 0, *around),
        (1, space),
        groups,
        flip,
    )
    return reshape(y, (None, filters, y.shape[3]))


def _check_sequences(
    x: Any, w: Any, b: Any, groups: int, padding: tuple[int, ...], dilation: int
) -> None:
    """The rules of conv2d that speak of shapes, for axes as users of conv1d know them."""
    where = where_of("conv1d")
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
    if min(padding) < 0:
        raise ValueError(f"{where}: padding must be at least 0, got {padding}")
    if b is not None and np.shape(b) != (filters,):
        raise ValueError(
            f"{where}: b must have shape ({filters},) because w has shape {np.shape(w)}, "
            f"got {np.shape(b)}"
        )
    if filters < 1 or reach < 1:
        raise ValueError(
            f"{where}: w must have at least 1 filter and 1 position, got shape {np.shape(w)}"
        )
    room, needed = length + sum(padding), (reach - 1) * dilation + 1
    if needed > room:
        raise ValueError(
            f"{where}: w must reach over at most the {room} positions of x with its padding, got "
            f'{needed}; x has shape {shape_text(np.shape(x))}, use padding="same" or a smaller kernel'
        )


def conv_transpose2d(
    x: Any,
    w: Any,
    b: Any = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> Any:
    """Transposed convolution: each pixel of ``x`` lays a filter's copy on the result.

    It is the gradient of `conv2d` for its input, and enlarges images by ``stride``:
    ``OH = (H - 1) stride - 2 padding + dilation (KH - 1) + output_padding + 1``.

    Parameters
    ----------
    x : float array or Tensor, shape (N, C, H, W)
    w : float array or Tensor, shape (C, K / groups, KH, KW)
    b : float array or Tensor, shape (K,), optional
    stride : int or pair, >= 1
    padding : int, pair or (top, bottom, left, right)
        Rows and columns of the result that are cut off at its edges.
    output_padding : int or pair
        Rows and columns more at the end of the result; below the stride or the dilation.
    groups : int
    dilation : int or pair, >= 1

    Returns
    -------
    y : array or Tensor, shape (N, K, OH, OW)

    Raises
    ------
    ValueError
        If shapes do not fit or numbers are out of range.

    Source
    ------
    Zeiler et al., Deconvolutional networks, CVPR (2010); Dumoulin and Visin, A guide to convolution
    arithmetic for deep learning (2016).

    Examples
    --------
    >>> conv_transpose2d([[[[1.0, 2.0]]]], [[[[1.0, 1.0]]]], stride=2)
    array([[[[1., 1., 2., 2.]]]], dtype=float32)
    """
    name = "conv_transpose2d"
    kernel = shape_of(name, "w", w, ("C", "K", "KH", "KW"))[2:]
    steps = numbers(name, "stride", stride, least=1)
    spaces = numbers(name, "dilation", dilation, least=1)
    if isinstance(padding, str):
        raise TypeError(f"{name}: padding must be integers, got {padding!r}")
    return on_pixels(
        name,
        x,
        *((w,) if b is None else (w, b)),
        stride=steps,
        padding=paddings(name, padding, kernel, kernel, steps, spaces),
        dilation=spaces,
        output_padding=numbers(name, "output_padding", output_padding),
        groups=whole(name, "groups", groups),
    )
