"""Integers of which a network takes only some."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any


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
