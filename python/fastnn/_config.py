"""Objects that are their constructor's arguments: stored as given, printed, saved as JSON."""

from __future__ import annotations

import inspect
import math
import operator
from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any, TypeVar

import numpy as np

Class = TypeVar("Class")


class Configured:
    """Base of objects whose ``__init__`` only checks and stores its arguments under their names."""

    def arguments(self) -> dict[str, Any]:
        """The constructor's arguments as they were given."""
        names = inspect.signature(type(self).__init__).parameters
        return {name: getattr(self, name) for name in names if name != "self"}

    def config(self) -> dict[str, Any]:
        """The class's name and the arguments, as JSON can hold them."""
        plain = {name: _plain(value) for name, value in self.arguments().items()}
        return {"class": type(self).__name__, **plain}

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.arguments().items())
        return f"{type(self).__name__}({arguments})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Configured) and self.config() == other.config()

    def __hash__(self) -> int:
        return hash(repr(self.config()))


def _plain(value: Any) -> Any:
    if isinstance(value, Configured):
        return value.config()
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, bool | str) or value is None:
        return value
    if hasattr(value, "__index__"):
        return operator.index(value)
    return float(value)


def from_config(where: str, config: dict[str, Any], classes: Mapping[str, type[Class]]) -> Class:
    """The object that `Configured.config` described, its class looked up in ``classes``."""
    name: Any = config.get("class")
    if name not in classes:
        raise ValueError(f"{where}: class must be one of {', '.join(classes)}, got {name!r}")
    given = {key: value for key, value in config.items() if key != "class"}
    return classes[name](**{k: tuple(v) if isinstance(v, list) else v for k, v in given.items()})


def check_real(
    where: str, argument: str, value: Any, rule: str, holds: Callable[[float], bool]
) -> None:
    """Raise unless ``value`` is a finite real number for which ``holds`` is true."""
    text = f"{where}: {argument} must be {rule}, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(text)
    if not math.isfinite(value) or not holds(float(value)):
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


def check_count(where: str, argument: str, value: Any, least: int = 1) -> int:
    """``value`` as an int; raises unless it is an integer from ``least`` to what 64 bits hold."""
    text = f"{where}: {argument} must be an integer >= {least}, got {value!r}"
    try:
        count = operator.index(value)
    except TypeError:
        raise TypeError(text) from None
    if isinstance(value, bool):
        raise TypeError(text)
    if count < least:
        raise ValueError(text)
    if count >= 2**63:
        raise ValueError(f"{where}: {argument} must be an integer < 2**63, got {value!r}")
    return count


def check_flag(where: str, argument: str, value: Any) -> bool:
    """``value`` as a bool, which it must be: "no" and 2 are true to Python."""
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{where}: {argument} must be True or False, got {value!r}")
    return bool(value)


def check_name(where: str, name: Any) -> None:
    """None, or text that errors, tables and files can show."""
    if name is None:
        return
    if not isinstance(name, str):
        raise TypeError(f"{where}: name must be a string or None, got {name!r}")
    if not name or not name.isprintable():
        raise ValueError(f"{where}: name must be printable and not empty, got {name!r}")


def check_seed(where: str, seed: Any) -> int:
    """A seed as the core takes it, an integer of 64 bits."""
    text = f"{where}: seed must be an integer in [0, 2**64), got {seed!r}"
    try:
        number = operator.index(seed)
    except TypeError:
        raise TypeError(text) from None
    if isinstance(seed, bool):
        raise TypeError(text)
    if not 0 <= number < 2**64:
        raise ValueError(text)
    return number
