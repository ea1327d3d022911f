"""What all changes of images have in common."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Literal

from fastnn._checks import check_real
from fastnn._config import Configured

Outside = float | Literal["edge"]
Shape = tuple[int, int, int]  # channels, height, width


class Transform(Configured):
    """A change that the core makes to images, drawn anew for each sample and epoch.

    Attributes
    ----------
    p : float
        The share of samples that are changed.
    """

    p: float = 1.0

    @abstractmethod
    def out_shape(self, shape: Shape) -> Shape:
        """(C, H, W) of the images given out for images of ``shape``; raises where none fit."""

    @abstractmethod
    def step(self, shape: Shape) -> tuple[str, list[float]]:
        """The core's name of the change, and the numbers it is drawn from, for that shape."""


def check_p(where: str, p: Any) -> None:
    """A probability."""
    check_real(where, "p", p, "a number in [0, 1]", lambda v: 0 <= v <= 1)


def check_fill(where: str, fill: Any) -> None:
    """What lies outside of an image: a number, or its outermost pixels."""
    if isinstance(fill, str):
        if fill != "edge":
            raise ValueError(f'{where}: fill must be a finite number or "edge", got {fill!r}')
        return
    check_real(where, "fill", fill, 'a finite number or "edge"', lambda v: True)


def outside(fill: Outside) -> list[float]:
    """``fill`` as the core takes it."""
    return [0.0, 1.0] if isinstance(fill, str) else [float(fill), 0.0]
