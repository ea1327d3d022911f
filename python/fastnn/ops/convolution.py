"""Convolution of images."""

from __future__ import annotations

from typing import Any

from fastnn._checks import check_flag
from fastnn.ops.attributes import whole
from fastnn.ops.images import on_pixels, shape_of
from fastnn.ops.tensor import where_of
from fastnn.ops.window import Padding, Size, borders, numbers, paddings

__all__ = ["conv2d", "conv_transpose2d"]


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

    In float32, 3 x 3 and 5 x 5 filters may be computed by Winograd's filtering, tiles of 4 x 4 or
    2 x 2 results at a time: an infinity may then become NaN, with 3 x 3 filters it and NaN fill
    their whole tile, rounding is relative to the largest pixel that a tile reads and some times that
    of a direct sum, and pixels of 1e37 may overflow. float64 is always summed directly. Results of
    few filters (half a vector or less, of either type) are computed several side by side, each over
    the pixels of all: what is not finite makes NaN of up to a vector's width of them, whether they
    read it or not.

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
    TypeError
        If a number is not an integer, or ``flip`` is not True or False.

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
    where = where_of("conv2d")
    kernel = shape_of("conv2d", "w", w, ("K", "C", "KH", "KW"))[2:]
    lengths = shape_of("conv2d", "x", x, ("N", "C", "H", "W"))[2:]
    steps = numbers(where, "stride", stride, least=1)
    spaces = numbers(where, "dilation", dilation, least=1)
    return on_pixels(
        "conv2d",
        x,
        *((w,) if b is None else (w, b)),
        stride=steps,
        padding=paddings(where, padding, lengths, kernel, steps, spaces),
        dilation=spaces,
        groups=whole(where, "groups", groups),
        flip=check_flag(where, "flip", flip),
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
    TypeError
        If a number is not an integer; ``padding`` has no names here.

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
    where = where_of(name)
    shape_of(name, "w", w, ("C", "K", "KH", "KW"))
    return on_pixels(
        name,
        x,
        *((w,) if b is None else (w, b)),
        stride=numbers(where, "stride", stride, least=1),
        padding=borders(where, padding, named=False),
        dilation=numbers(where, "dilation", dilation, least=1),
        output_padding=numbers(where, "output_padding", output_padding, least=0),
        groups=whole(where, "groups", groups),
    )
