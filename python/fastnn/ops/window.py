"""Windows that slide over images: sizes, strides and paddings as numbers or pairs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, overload

import numpy as np

from fastnn.ops.attributes import per_axis, whole, wholes

Size = int | Sequence[int]
Padding = int | str | Sequence[int]

NAMES = ("valid", "same", "full")
_LARGEST = 1 << 24  # the core's too: products of these numbers and lengths stay exact


def numbers(
    where: str, argument: str, value: Any, axes: int = 2, least: int | None = None
) -> tuple[int, ...]:
    """One number for all axes, or one for each; not below ``least``, where it is given.

    Examples
    --------
    >>> numbers("conv2d", "stride", 2), numbers("conv2d", "stride", (1, 2))
    ((2, 2), (1, 2))
    """
    if axes == 1 and not isinstance(value, Sequence | np.ndarray):
        given: tuple[int, ...] = (whole(where, argument, value),)
    else:
        rule = "be an integer" if axes == 1 else f"be an integer or {axes} of them"
        given = per_axis(where, argument, value, axes, rule)
    if least is not None:
        _check_range(where, argument, given, least, value)
    return given


def _check_range(where: str, argument: str, given: tuple[int, ...], least: int, value: Any) -> None:
    if given and min(given) < least:
        raise ValueError(f"{where}: {argument} must be at least {least}, got {value!r}")
    if given and max(given) > _LARGEST:
        raise ValueError(f"{where}: {argument} must be at most {_LARGEST}, got {value!r}")


@overload
def borders(where: str, padding: Any, axes: int = ...) -> tuple[int, ...] | str: ...
@overload
def borders(
    where: str, padding: Any, axes: int = ..., *, named: Literal[False]
) -> tuple[int, ...]: ...
@overload
def borders(where: str, padding: Any, axes: int = ..., *, named: bool) -> tuple[int, ...] | str: ...
def borders(
    where: str, padding: Any, axes: int = 2, *, named: bool = True
) -> tuple[int, ...] | str:
    """What ``padding`` says before lengths are known: `paddings`, or one of `NAMES` if ``named``.

    Examples
    --------
    >>> borders("conv2d", (1, 2)), borders("conv2d", "same")
    ((1, 1, 2, 2), 'same')
    """
    several = "(before, after)"
    if axes > 1:
        several = f"{axes} of them or {2 * axes} (before and after each axis)"
    rule = "an integer" + (" or " if axes == 1 else ", ") + several
    rule = ("".join(f"{name!r}, " for name in NAMES) if named else "") + rule
    text = f"{where}: padding must be {rule}, got {padding!r}"
    if isinstance(padding, str):
        if not named:
            raise TypeError(text)
        if padding not in NAMES:
            raise ValueError(text)
        return padding
    try:
        given = wholes(where, "padding", padding)
    except TypeError:
        raise TypeError(text) from None
    if len(given) not in (1, axes, 2 * axes):
        raise ValueError(text)
    _check_range(where, "padding", given, 0, padding)
    if len(given) == 2 * axes:
        return given
    each = given * axes if len(given) == 1 else given
    return tuple(p for p in each for _ in range(2))


def paddings(
    where: str,
    padding: Any,
    lengths: Sequence[int],
    kernel: Sequence[int],
    stride: Sequence[int],
    dilation: Sequence[int],
) -> tuple[int, ...]:
    """Zeros before and after each axis, ``(top, bottom, left, right)`` for an image.

    ``padding`` is a number, one per axis, ``(before, after)`` of every axis, or a name: "valid"
    (none), "same" (as many results as ``length / stride``, rounded up; an odd number of zeros has
    the larger part at the end), "full" (wherever the kernel touches the image).

    Examples
    --------
    >>> paddings("conv2d", "same", (5, 6), (3, 2), (1, 1), (1, 1))
    (1, 1, 0, 1)
    """
    given = borders(where, padding, len(kernel))
    if not isinstance(given, str):
        return given
    result: list[int] = []
    for length, k, s, d in zip(lengths, kernel, stride, dilation, strict=True):
        reach = (k - 1) * d
        total = {
            "valid": 0,
            "full": 2 * reach,
            "same": max((-(-length // max(s, 1)) - 1) * s + reach + 1 - length, 0),
        }[given]
        result += [total // 2, total - total // 2]
    return tuple(result)


def check_output_padding(
    where: str, extra: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> None:
    """Raise where a transposed convolution's result would end in more than its filters can reach.

    Examples
    --------
    >>> check_output_padding("conv_transpose2d", (1, 0), (2, 1), (1, 1))
    """
    for e, s, d in zip(extra, stride, dilation, strict=True):
        if e >= max(s, d):
            raise ValueError(
                f"{where}: output_padding must be below the stride or the dilation, {max(s, d)}, "
                f"got {e}"
            )
