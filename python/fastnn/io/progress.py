"""Where a saved run stood and what it recorded: checked, for the next ``fit`` relies on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fastnn._checks import check_count, check_not_negative
from fastnn.history import History


def checked(saved: dict[str, Any]) -> dict[str, Any]:
    """What ``Trainer.progress`` gave, once more.

    Raises
    ------
    KeyError, TypeError, ValueError
        If something is missing, of another kind, or out of range.

    Examples
    --------
    >>> checked({"epoch": 1, "steps": 9, "position": -1, "sums": {}, "seconds": 0.5})
    Traceback (most recent call last):
    ValueError: progress: position must be an integer >= 0, got -1
    """
    for name in ("epoch", "steps", "position"):
        check_count("progress", name, saved[name], least=0)
    check_not_negative("progress", "seconds", saved["seconds"])
    if saved.get("samples") is not None:
        check_count("progress", "samples", saved["samples"])
    sums = saved["sums"]
    if not (isinstance(sums, dict) and all(map(_is_number, sums.values()))):
        raise TypeError(f"progress: sums must be numbers by name, got {sums!r}")
    return saved


def history_of(recorded: Mapping[str, Any], where: str) -> History:
    """A history of plain numbers, as files hold it.

    Raises
    ------
    TypeError
        If it is anything else than lists of numbers by name.

    Examples
    --------
    >>> history_of({"loss": 1}, "Trainer.save")
    Traceback (most recent call last):
    TypeError: Trainer.save: history must hold a list of numbers for each name, got 1 for 'loss'
    """
    if not isinstance(recorded, Mapping):
        raise TypeError(f"{where}: history must be a dict, got {recorded!r}")
    for name, values in recorded.items():
        whole = isinstance(values, list | tuple) and all(map(_is_number, values))
        if not isinstance(name, str) or not whole:
            raise TypeError(
                f"{where}: history must hold a list of numbers for each name, "
                f"got {values!r} for {name!r}"
            )
    return History({name: [float(v) for v in values] for name, values in recorded.items()})


def _is_number(value: Any) -> bool:
    real = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    return real and (not isinstance(value, int) or abs(value) < 2**63)
