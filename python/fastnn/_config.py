"""Objects that are their constructor's arguments: stored as given, printed, compared, told as JSON."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as np


class Configured:
    """Base of objects whose ``__init__`` only checks and stores its arguments under their names."""

    def arguments(self) -> dict[str, Any]:
        """The constructor's arguments as they were given."""
        names = inspect.signature(type(self).__init__).parameters
        return {name: getattr(self, name) for name in names if name != "self"}

    def config(self) -> dict[str, Any]:
        """The class's name and the arguments, as JSON can hold them."""
        described = {name: plain(value, _described) for name, value in self.arguments().items()}
        return {"class": type(self).__name__, **described}

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.arguments().items())
        return f"{type(self).__name__}({arguments})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Configured) and self.config() == other.config()

    def __hash__(self) -> int:
        return hash(repr(self.config()))


def plain(value: Any, other: Callable[[Any], Any]) -> Any:
    """Numbers, texts, None and lists of them as JSON holds them; else what ``other`` makes of it.

    Examples
    --------
    >>> plain((np.float64(0.9), np.int64(1), None, max), lambda f: f.__name__)
    [0.9, 1, None, 'max']
    """
    if isinstance(value, list | tuple):
        return [plain(v, other) for v in value]
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool | np.bool_):
        return bool(value)
    try:
        return operator.index(value)
    except TypeError:
        return float(value) if isinstance(value, Real) else other(value)


def _described(value: Any) -> Any:
    return value.config() if isinstance(value, Configured) else float(value)
