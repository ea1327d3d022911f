"""Printed figures beside computed ones, with the reasons of what differs."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops.tensor import vjp
from fastnn.reproduce.report import Report, agrees

_EQUAL = "ours is the largest difference between the two sides"


class Comparison:
    """Rows of the report, and the numbered reasons of what differs."""

    def __init__(self) -> None:
        self.report = Report(["quantity", "lecture", "ours", "result", "note"], right=[1, 2])
        self._example = ""
        self._reasons: list[str] = []

    def begin(self, example: str) -> None:
        """What the quantities to come belong to."""
        self._example = example

    def value(
        self, quantity: str, printed: str, ours: Any, rounded: float | None = None, how: str = ""
    ) -> None:
        """A printed number; ``rounded``: what the lecture's rounded figures give, by ``how``."""
        result, why = ("ok", "") if agrees(printed, ours) else ("short", "")
        if result == "short" and rounded is not None and agrees(printed, rounded):
            result, why = "rounded", f"the lecture goes on with rounded figures: {how}"
        self._add(quantity, printed, float(ours), result, why)

    def slip(self, quantity: str, printed: str, ours: Any, explained: bool, why: str) -> None:
        """A number that the lecture got wrong; ``explained``: whether the reason was checked."""
        self._add(quantity, printed, float(ours), "slip" if explained else "short", why)

    def shown(self, quantity: str, ours: Any) -> None:
        """A number that the lecture does not print."""
        self._add(quantity, "-", float(ours), "ok", "")

    def law(self, quantity: str, left: Any, right: Any) -> None:
        """An equation between quantities."""
        difference = float(np.abs(np.asarray(left) - np.asarray(right)).max())
        result = "ok" if difference <= 1e-15 else "short"
        self._add(quantity, "equal", difference, result, _EQUAL)

    def _add(self, quantity: str, printed: str, ours: float, result: str, why: str) -> None:
        if why and why not in self._reasons:
            self._reasons.append(why)
            self.report.notes.append(f"[{len(self._reasons)}] {why}")
        row = {
            "quantity": f"{self._example}: {quantity}",
            "lecture": printed,
            "ours": ours,
            "result": result,
            "note": f"[{self._reasons.index(why) + 1}]" if why else "",
            "why": why,
        }
        self.report.rows.append(row)


def slope(z: Any) -> float:
    """The derivative of the sigmoid, by its own backward kernel."""
    return float(vjp("sigmoid", np.array([float(z)]), dy=np.array([1.0]))[0][0])
