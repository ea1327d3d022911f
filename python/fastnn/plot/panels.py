"""What learning curves show: one panel for each quantity of a history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from reprlib import repr as shortened
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.history import falls

TRAIN = "#1f6fb4"
VALIDATION = "#e07b28"
INK = "#333333"
GRID = "#e4e4e4"
_NOT_CURVES = ("lr", "seconds", "epoch")
_LARGEST = 1e300  # beyond it the length of an axis could not be told in a float
_LOG_RATIO = 100.0  # a loss that falls by more is drawn on a logarithmic axis


@dataclass(frozen=True)
class Panel:
    """One quantity: its values by epoch in training and, perhaps, in validation."""

    name: str
    train: NDArray[np.float64]
    validation: NDArray[np.float64]

    @property
    def values(self) -> NDArray[np.float64]:
        """Every finite value."""
        both: NDArray[np.float64] = np.concatenate([self.train, self.validation])
        return both[np.isfinite(both)]

    @property
    def is_log(self) -> bool:
        """Whether the values ask for a logarithmic axis."""
        values = self.values
        return values.size > 0 and values.min() > 0 and values.max() > _LOG_RATIO * values.min()

    def best(self) -> tuple[int, float] | None:
        """Epoch (from 1) and value of the best validation."""
        if not np.isfinite(self.validation).any():
            return None
        values = np.where(np.isfinite(self.validation), self.validation, np.nan)
        find = np.nanargmin if falls(self.name) else np.nanargmax
        epoch = int(find(values))
        return epoch + 1, float(values[epoch])

    def legend(self) -> list[tuple[str, str]]:
        """Colour and text of each curve."""
        lines = [(TRAIN, "training")] if len(self.train) else []
        best = self.best()
        if best is not None:
            lines.append((VALIDATION, f"validation, best {best[1]:.4g} at epoch {best[0]}"))
        return lines


def curve_of(values: Any, where: str, argument: str, name: str) -> NDArray[np.float64]:
    """One number for each epoch, NaN where none can be drawn.

    Parameters
    ----------
    values : sequence of float
    where, argument, name : str
        Of error texts: their head, and what holds ``values`` under which name.

    Returns
    -------
    float64 array, shape (epochs,)

    Raises
    ------
    TypeError
        If it is no list of numbers.

    Examples
    --------
    >>> curve_of([0.5, 1e308, 2], "learning_curves", "history", "loss").tolist()
    [0.5, nan, 2.0]
    """
    try:
        array = np.asarray(values)
    except ValueError:  # lists of several lengths
        array = np.empty((), object)
    if array.ndim != 1 or array.size and array.dtype.kind not in "fiub":
        raise TypeError(
            f"{where}: {argument} must hold a list of numbers as {name!r}, got {shortened(values)}"
        )
    numbers = array.astype(np.float64)
    numbers[np.abs(numbers) > _LARGEST] = np.nan
    return numbers


def panels_of(history: Any, where: str) -> list[Panel]:
    """The quantities of a history, the loss first."""
    if not isinstance(history, Mapping):
        raise TypeError(
            f"{where}: history must be a mapping of names to lists, as Trainer.fit returns, "
            f"got {shortened(history)}"
        )
    for key in history:
        if not isinstance(key, str):
            raise TypeError(f"{where}: history must have names of type str, got {key!r}")
    curves = {
        key: curve_of(values, where, "history", key)
        for key, values in history.items()
        if key not in _NOT_CURVES
    }
    names = dict.fromkeys(key.removeprefix("val_") for key, curve in curves.items() if len(curve))
    if not names:
        raise ValueError(
            f"{where}: history must hold at least 1 epoch of a loss or metric, got "
            f"{sorted(history)}; call fit first"
        )
    order = sorted(names, key=lambda name: name != "loss")
    none = np.empty(0)
    return [Panel(name, curves.get(name, none), curves.get(f"val_{name}", none)) for name in order]


def grid_of(n: int) -> tuple[int, int]:
    """Rows and columns for n panels: three abreast at most, four as 2 x 2."""
    columns = 2 if n == 4 else min(n, 3)
    return -(-n // columns), columns
