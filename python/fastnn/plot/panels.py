"""What learning curves show: one panel for each quantity of a history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TRAIN = "#1f6fb4"
VALIDATION = "#e07b28"
INK = "#333333"
GRID = "#e4e4e4"
_NOT_CURVES = ("lr", "seconds", "epoch")
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
        return values.size > 0 and values.min() > 0 and values.max() / values.min() > _LOG_RATIO

    def best(self) -> tuple[int, float] | None:
        """Epoch (from 1) and value of the best validation."""
        if not np.isfinite(self.validation).any():
            return None
        words = ("loss", "error", "mse", "mae", "entropy")
        values = np.where(np.isfinite(self.validation), self.validation, np.nan)
        find = np.nanargmin if any(word in self.name for word in words) else np.nanargmax
        epoch = int(find(values))
        return epoch + 1, float(values[epoch])

    def legend(self) -> list[tuple[str, str]]:
        """Colour and text of each curve."""
        lines = [(TRAIN, "training")] if len(self.train) else []
        best = self.best()
        if best is not None:
            lines.append((VALIDATION, f"validation, best {best[1]:.4g} at epoch {best[0]}"))
        return lines


def panels_of(history: Mapping[str, Sequence[float]], where: str) -> list[Panel]:
    """The quantities of a history, the loss first."""
    names = dict.fromkeys(
        key.removeprefix("val_")
        for key in history
        if key not in _NOT_CURVES and len(history[key]) > 0
    )
    if not names:
        raise ValueError(
            f"{where}: history must hold at least 1 epoch of a loss or metric, got "
            f"{sorted(history)}; call fit first"
        )
    order = sorted(names, key=lambda name: name != "loss")
    return [
        Panel(
            name,
            np.asarray(history.get(name, ()), np.float64),
            np.asarray(history.get(f"val_{name}", ()), np.float64),
        )
        for name in order
    ]


def grid_of(n: int) -> tuple[int, int]:
    """Rows and columns for n panels: three abreast at most, four as 2 x 2."""
    columns = 2 if n == 4 else min(n, 3)
    return -(-n // columns), columns
