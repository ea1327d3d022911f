"""Arguments that keep their rules, or are told in the form of all errors."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Container
from numbers import Real
from typing import Any

import numpy as np


def check_real(
    where: str, argument: str, value: Any, rule: str, holds: Callable[[float], bool]
) -> None:
    """Raise unless ``value`` is a finite real number for which ``holds`` is true."""
    text = f"{where}: {argument} must be {rule}, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(text)
    try:
        is_kept = math.isfinite(value) and holds(float(value))
    except OverflowError:  # of an integer beyond all floats
        is_kept = False
    if not is_kept:
        raise ValueError(text)


def check_positive(where: str, argument: str, value: Any) -> None:
    """Raise unless ``value`` is a finite number above 0."""
    check_real(where, argument, value, "a finite number > 0", lambda v: v > 0)


def check_not_negative(where: str, argument: str, value: Any) -> None:
    """Raise unless ``value`` is a finite number of at least 0."""
    check_real(where, argument, value, "a finite number >= 0", lambda v: v >= 0)


def check_fraction(where: str, argument: str, value: Any) -> None:
    """Raise unless ``value`` is a number in [0, 1)."""
    check_real(where, argument, value, "a number in [0, 1)", lambda v: 0 <= v < 1)


def check_integer(
    where: str, argument: str, value: Any, rule: str, holds: Callable[[int], bool]
) -> int:
    """``value`` as an int for which ``holds`` is true.

    Parameters
    ----------
    where, argument : str
        Head of error texts, and what ``value`` is called there.
    value : int
        A NumPy integer too.
    rule : str
        What ``holds`` asks for, in words.
    holds : callable

    Returns
    -------
    int

    Raises
    ------
    TypeError
        If ``value`` is no integer: 18.0 is none, True neither.
    ValueError
        If it does not hold.

    Examples
    --------
    >>> check_integer("resnet", "depth", 18.0, "one of 18, 34", lambda n: n in (18, 34))
    Traceback (most recent call last):
    TypeError: resnet: depth must be one of 18, 34, got 18.0
    """
    text = f"{where}: {argument} must be {rule}, got {value!r}"
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(text) from None
    if isinstance(value, bool):
        raise TypeError(text)
    if not holds(number):
        raise ValueError(text)
    return number


def check_count(where: str, argument: str, value: Any, least: int = 1) -> int:
    """``value`` as an int; raises unless it is an integer from ``least`` to what 64 bits hold."""
    count = check_integer(where, argument, value, f"an integer >= {least}", lambda n: n >= least)
    if count >= 2**63:
        raise ValueError(f"{where}: {argument} must be an integer < 2**63, got {value!r}")
    return count


def check_pair(where: str, argument: str, value: Any) -> tuple[int, int]:
    """Height and width: given as two integers, or as one for both."""
    if isinstance(value, tuple | list):
        if len(value) != 2:
            raise ValueError(
                f"{where}: {argument} must be an integer or (height, width), got {value!r}"
            )
        height, width = value
        return check_count(where, argument, height), check_count(where, argument, width)
    side = check_count(where, argument, value)
    return side, side


def check_flag(where: str, argument: str, value: Any) -> bool:
    """``value`` as a bool, which it must be: "no" and 2 are true to Python."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{where}: {argument} must be True or False, got {value!r}")
    return bool(value)


def is_one_of(value: Any, names: Container[str]) -> bool:
    """Whether an argument is one of some names; an array, which ``in`` cannot compare, is none."""
    return isinstance(value, str) and value in names


def check_name(where: str, name: Any, optional: bool = True) -> None:
    """Text that errors, tables and files can show; or None, where it is ``optional``."""
    if name is None and optional:
        return
    if not isinstance(name, str):
        kinds = "a string or None" if optional else "a string"
        raise TypeError(f"{where}: name must be {kinds}, got {name!r}")
    if not name or not name.isprintable():
        raise ValueError(f"{where}: name must be printable and not empty, got {name!r}")


def check_seed(where: str, seed: Any) -> int:
    """A seed as the core takes it, an integer of 64 bits."""
    return check_integer(where, "seed", seed, "an integer in [0, 2**64)", lambda n: 0 <= n < 2**64)
