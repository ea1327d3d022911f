"""Objects that are their constructor's arguments: stored as given, printed, saved as JSON."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Mapping
from typing import Any, TypeVar

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
