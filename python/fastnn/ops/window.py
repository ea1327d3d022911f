"""Windows that slide over images: sizes, strides and paddings as numbers or pairs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn.ops.attributes import wholes

Size = int | Sequence[int]
Padding = int | str | Sequence[int]


def numbers(
    where: str, argument: str, value: Any, axes: int = 2, least: int | None = None
) -> tuple[int, ...]:
    """One number for all axes, or one for each; not below ``least``, where it is given.

    Examples
    --------
    >>> numbers("conv2d", "stride", 2), numbers("conv2d", "stride", (1, 2))
    ((2, 2), (1, 2))
    """
    given = wholes(where, argument, value)
    if len(given) not in (1, axes):
        raise ValueError(f"{where}: {argument} must be an integer or {axes} of them, got {value!r}")
    for number in given:
        if least is not None and number < least:
            raise ValueError(f"{where}: {argument} must be at least {least}, got {value!r}")
    return given * axes if len(given) == 1 else given


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
    axes = len(kernel)
    if not isinstance(padding, str):
        given = wholes(where, "padding", padding)
        if len(given) == 2 * axes:
            return given
        if len(given) not in (1, axes):
            raise ValueError(
                f"{where}: padding must be 'valid', 'same', 'full', an integer, {axes} of them or "
                f"{2 * axes} (before and after each axis), got {padding!r}"
            )
        each = given * axes if len(given) == 1 else given
        return tuple(p for p in each for _ in range(2))
    if padding not in ("valid", "same", "full"):
        raise ValueError(
            f"{where}: padding must be 'valid', 'same', 'full' or integers, got {padding!r}"
        )
    result: list[int] = []
    for length, k, s, d in zip(lengths, kernel, stride, dilation, strict=True):
        reach = (k - 1) * d
        total = {
            "valid": 0,
            "full": 2 * reach,
            "same": max((-(-length // max(s, 1)) - 1) * s + reach + 1 - length, 0),
        }[padding]
        result += [total // 2, total - total // 2]
    return tuple(result)
