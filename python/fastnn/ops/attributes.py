"""Attributes of ops as the core reads them: checked numbers, and tuples of integers."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

Axis = int | tuple[int, ...] | None


def real(where: str, argument: str, value: Any) -> float:
    """A number as a float; each op's shape rule knows its range.

    Examples
    --------
    >>> real("elu", "alpha", 1)
    1.0
    """
    try:
        if not isinstance(value, str | bytes | bool):
            return float(value)
    except (TypeError, ValueError, OverflowError):
        pass
    raise TypeError(f"{where}: {argument} must be a number, got {value!r}")


def whole(where: str, argument: str, value: Any) -> int:
    """An integer of 64 bits.

    Examples
    --------
    >>> whole("softmax", "axis", -1)
    -1
    """
    text = f"{where}: {argument} must be an integer, got {value!r}"
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(text) from None
    if isinstance(value, bool):
        raise TypeError(text)
    if not -(2**63) <= number < 2**63:
        raise ValueError(f"{where}: {argument} must be an integer of 64 bits, got {value!r}")
    return number


def wholes(where: str, argument: str, values: Any, none: int | None = None) -> tuple[int, ...]:
    """An integer, or a sequence of them, as a tuple; ``none`` is what None in it stands for.

    Examples
    --------
    >>> wholes("reshape", "shape", (None, 3), none=-2)
    (-2, 3)
    """
    if isinstance(values, np.ndarray):
        values = values.tolist()
    if hasattr(values, "__index__"):
        return (whole(where, argument, values),)
    rule = "an integer or a sequence of integers" + ("" if none is None else " and None")
    if isinstance(values, str | bytes) or not isinstance(values, Sequence):
        raise TypeError(f"{where}: {argument} must be {rule}, got {values!r}")
    for v in values:
        if not (hasattr(v, "__index__") or v is None and none is not None):
            raise TypeError(f"{where}: {argument} must be {rule}, got {values!r}")
    return tuple(
        none if v is None and none is not None else whole(where, argument, v) for v in values
    )


def per_axis(where: str, argument: str, value: Any, axes: int, rule: str) -> tuple[int, ...]:
    """An integer for all of some axes, or one for each; ``rule`` tells errors so.

    Examples
    --------
    >>> per_axis("conv2d", "stride", 2, 2, "be an integer or 2 of them")
    (2, 2)
    """
    given = wholes(where, argument, value)
    if len(given) not in (1, axes):
        raise ValueError(f"{where}: {argument} must {rule}, got {value!r}")
    return given * axes if len(given) == 1 else given


def axes(where: str, axis: Axis) -> tuple[int, ...] | None:
    """The axes of a reduction; None stands for all.

    Examples
    --------
    >>> axes("sum", [0, -1])
    (0, -1)
    """
    if axis is None:
        return None
    given = wholes(where, "axis", axis)
    if not given:  # to NumPy it is none, to PyTorch all
        raise ValueError(
            f"{where}: axis must name at least 1 axis, got {axis!r}; None stands for all axes"
        )
    return given
