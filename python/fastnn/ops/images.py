"""Images: users see (N, C, H, W), kernels compute with a pixel's channels side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastnn._checks import check_flag, is_one_of
from fastnn.ops.attributes import real, wholes
from fastnn.ops.tensor import Tensor, as_array, call, shape_text, where_of

__all__ = ["channels_first", "channels_last", "upsample"]

MOST = 1 << 47  # elements of an array, to the core
_AXES = {3: ("N", "C", "L"), 4: ("N", "C", "H", "W")}


def channels_last(x: Any) -> Any:
    """(N, C, H, W) as (N, H, W, C), the order that image kernels compute in.

    Image ops do this by themselves; inside a model neighbouring conversions cancel.

    Parameters
    ----------
    x : array or Tensor, shape (N, C, ...)

    Returns
    -------
    y : array or Tensor, shape (N, ..., C)

    Raises
    ------
    ValueError
        If ``x`` has less than 2 axes.

    Source
    ------
    Vasudevan, Anderson and Gregg, Parallel multi channel convolution using general matrix
    multiplication, ASAP (2017).

    Examples
    --------
    >>> channels_last([[[[1.0, 2.0]], [[3.0, 4.0]]]])
    array([[[[1., 3.],
             [2., 4.]]]], dtype=float32)
    """
    return call("channels_last", x)


def channels_first(x: Any) -> Any:
    """(N, H, W, C) as (N, C, H, W), the order that users see.

    Parameters
    ----------
    x : array or Tensor, shape (N, ..., C)

    Returns
    -------
    y : array or Tensor, shape (N, C, ...)

    Raises
    ------
    ValueError
        If ``x`` has less than 2 axes.

    Source
    ------
    As `channels_last`.

    Examples
    --------
    >>> channels_first([[[[1.0, 3.0], [2.0, 4.0]]]])
    array([[[[1., 2.]],
    <BLANKLINE>
            [[3., 4.]]]], dtype=float32)
    """
    return call("channels_first", x)


_MODES = ("nearest", "bilinear")


def upsample(
    x: Any,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool = False,
) -> Any:
    """Images at another size, larger or smaller, as PyTorch's ``interpolate``.

    Parameters
    ----------
    x : float array or Tensor, shape (N, C, H, W)
    size : int or (int, int), >= 1, optional
        The new height and width; this or ``scale_factor``.
    scale_factor : float or (float, float), > 0, optional
        New height and width by the old ones, rounded down.
    mode : str
        "nearest" repeats pixels, "bilinear" draws straight lines between them.
    align_corners : bool
        Whether bilinear mode puts the centres of the corner pixels, not the edges of the images,
        onto each other.

    Returns
    -------
    y : array or Tensor, shape (N, C, H', W')

    Raises
    ------
    ValueError
        If ``x`` has not 4 axes, not one of ``size`` and ``scale_factor`` is given, a number is out
        of range, the mode is unknown, or ``align_corners`` is True in another one than bilinear.
    TypeError
        If ``size`` does not hold integers, or ``align_corners`` is not True or False.

    Source
    ------
    Ronneberger, Fischer and Brox, U-Net: convolutional networks for biomedical image segmentation,
    MICCAI (2015).

    Examples
    --------
    >>> upsample([[[[1.0, 2.0]]]], scale_factor=2)
    array([[[[1., 1., 2., 2.],
             [1., 1., 2., 2.]]]], dtype=float32)
    """
    where = where_of("upsample")
    lengths, scales = resizing(where, size, scale_factor, mode, align_corners)
    x = pixels("upsample", x)
    if lengths is None:
        reached = [n * f for n, f in zip(x.shape[1:3], scales, strict=True)]
        if max(reached) >= MOST:
            raise ValueError(
                f"{where}: scale_factor must make lengths < 2**47, got {scale_factor!r} for x of "
                f"{x.shape[1]} x {x.shape[2]} pixels"
            )
        if x.shape[1] and x.shape[2] and min(reached) < 1:
            raise ValueError(
                f"{where}: scale_factor must leave at least 1 pixel, got {scale_factor!r} for x of "
                f"{x.shape[1]} x {x.shape[2]} pixels"
            )
        lengths = tuple(map(int, reached))
    y = call(
        "upsample",
        x,
        size=lengths,
        mode=_MODES.index(mode),
        align_corners=int(align_corners),
        scale_h=scales[0],
        scale_w=scales[1],
    )
    return call("channels_first", y)


def resizing(
    where: str, size: Any, scale_factor: Any, mode: Any, align_corners: Any
) -> tuple[tuple[int, ...] | None, tuple[float, ...]]:
    """The arguments of `upsample`, checked: lengths or None, and factors, 0 where there are none."""
    check_flag(where, "align_corners", align_corners)
    if not is_one_of(mode, _MODES):
        raise ValueError(f"{where}: mode must be one of {', '.join(_MODES)}, got {mode!r}")
    if align_corners and mode != "bilinear":
        raise ValueError(f"{where}: align_corners must be False in mode {mode!r}, got True")
    if (size is None) == (scale_factor is None):
        given = "none of them" if size is None else "both"
        raise ValueError(f"{where}: size or scale_factor must be given, got {given}")
    if size is not None:
        return wholes(where, "size", size), (0.0, 0.0)
    several = isinstance(scale_factor, Sequence | np.ndarray)
    factors: Any = scale_factor if several else (scale_factor, scale_factor)
    scales = tuple(real(where, "scale_factor", f) for f in factors)
    if len(scales) != 2 or not all(0 < f < float("inf") for f in scales):
        raise ValueError(
            f"{where}: scale_factor must hold 1 or 2 numbers > 0, got {scale_factor!r}"
        )
    return None, scales


def on_pixels(op: str, x: Any, *operands: Any, rank: int = 4, **attrs: Any) -> Any:
    """An op that computes with channels last, for a user's images: ``x``, and the (first) output.

    ``rank`` is how many axes ``x`` must have, ``operands`` and ``attrs`` as in `call`.
    """
    first, *others = as_tuple(call(op, pixels(op, x, rank), *operands, **attrs))
    y = call("channels_first", first)
    return (y, *others) if others else y


def pixels(op: str, x: Any, rank: int = 4) -> Any:
    """A user's images with their channels last, once they have the right number of axes."""
    shape_of(op, "x", x, _AXES[rank])
    return call("channels_last", x)


def as_image(op: str, x: Any) -> Any:
    """A user's sequences (N, C, L) as images one pixel high, (N, C, 1, L)."""
    n, channels, length = shape_of(op, "x", x, _AXES[3])
    if isinstance(x, Tensor) and not x.dtype.startswith("float"):
        raise TypeError(f"{where_of(op)}: x must be float32 or float64, got {x.dtype}")
    batch = -2 if n is None else n
    if not isinstance(x, Tensor):
        return call("reshape", x, shape=(batch, channels, 1, length))
    # With channels last on both sides of it the reshape is between two conversions that cancel: a
    # network of sequences is turned once too.
    y = call("reshape", call("channels_last", x), shape=(batch, 1, length, channels))
    return call("channels_first", y)


def as_sequence(y: Any) -> Any:
    """The other way round."""
    n, channels, _, length = y.shape
    batch = -2 if n is None else n
    if not isinstance(y, Tensor):
        return call("reshape", y, shape=(batch, channels, length))
    x = call("reshape", call("channels_last", y), shape=(batch, length, channels))
    return call("channels_first", x)


def shape_of(op: str, argument: str, x: Any, axes: tuple[str, ...]) -> tuple[Any, ...]:
    """The shape of an operand, which must have these axes; a batch that is not known is None."""
    shape = x.shape if isinstance(x, Tensor) else as_array(x, op, argument).shape
    if len(shape) != len(axes):
        raise ValueError(
            f"{where_of(op)}: {argument} must have shape ({', '.join(axes)}), got {shape_text(shape)}"
            + ("; put nn.Reshape before it" if axes[0] == "N" else "")
        )
    return shape


def known_shape(op: str, argument: str, x: Any, axes: tuple[str, ...]) -> tuple[Any, ...]:
    """The same, where only an axis called N may be the batch that is not known."""
    shape = shape_of(op, argument, x, axes)
    if any(d is None and axis != "N" for d, axis in zip(shape, axes, strict=True)):
        raise ValueError(
            f"{where_of(op)}: {argument} must have shape ({', '.join(axes)}) with N on no other axis, "
            f"got {shape_text(shape)}"
        )
    return shape


def as_tuple(outputs: Any) -> tuple[Any, ...]:
    """What `call` returns, as a tuple however many outputs the op has."""
    return outputs if isinstance(outputs, tuple) else (outputs,)
