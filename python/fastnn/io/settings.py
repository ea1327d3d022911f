"""Optimisers and their schedules as JSON; a class or a schedule of one's own stands there by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from fastnn import optim, schedules
from fastnn._config import Configured, plain
from fastnn.io.names import Names, find

Class = TypeVar("Class")

_OPTIMIZERS: dict[str, type[optim.Optimizer]] = {c.__name__: c for c in optim.CLASSES}
_SCHEDULES: dict[str, type[schedules.Schedule]] = {c.__name__: c for c in schedules.CLASSES}


def optimizer_to_json(optimizer: optim.Optimizer, names: Names, where: str) -> dict[str, Any]:
    """What an optimiser is made from, if the same one can be made of it again.

    Parameters
    ----------
    optimizer : Optimizer
    names : Names
        Of the file; those of the optimiser's class and schedule are added where they are the user's.
    where : str
        Head of error texts.

    Raises
    ------
    ValueError
        If arguments are no plain values, or do not make this optimiser: its class is the user's, or
        its settings were changed. A checkpoint that nobody can resume is worth nothing.

    Examples
    --------
    >>> saved = optimizer_to_json(optim.SGD(0.1), Names("here"), "here")
    >>> saved
    {'class': 'SGD', 'lr': 0.1, 'momentum': 0.0, 'nesterov': False}
    >>> optimizer_from_json(saved, {})
    SGD(lr=0.1, momentum=0.0, nesterov=False)
    """
    name = type(optimizer).__name__
    rule = f"{where}: optimizer must be what its constructor's arguments make, got "
    try:
        saved = _optimizer(optimizer, names)
    except (AttributeError, TypeError) as error:
        raise ValueError(f"{rule}{name} with {type(error).__name__}: {error}") from error
    try:
        again = optimizer_from_json(saved, names.given())
    except Exception as error:  # of a constructor that is the user's
        raise ValueError(f"{rule}{name} with {type(error).__name__}: {error}") from error
    if (type(again), again.hyper(), _plain(again.lr, names)) != (
        type(optimizer), optimizer.hyper(), _plain(optimizer.lr, names),
    ):  # fmt: skip
        raise ValueError(f"{rule}{name} that keeps other values than those as its attributes")
    return saved


def optimizer_from_json(saved: dict[str, Any], functions: Mapping[str, Any]) -> optim.Optimizer:
    """The optimiser that `optimizer_to_json` described, with the user's part from ``functions``."""
    kind = saved["class"]
    is_own = isinstance(kind, dict)
    own = kind["function"] if is_own else kind
    classes = _OPTIMIZERS
    # Files of before hold the name of a user's class as that of any other.
    if is_own or (own not in classes and own in functions):
        given = find(own, functions, "class", own)
        if not (isinstance(given, type) and issubclass(given, optim.Optimizer)):
            raise LookupError(f"{own} must be a class of optimisers, got {given!r}")
        classes = {own: given}
    arguments = {k: _value(v, functions) for k, v in saved.items() if k != "class"}
    rate = arguments.get("lr")
    if (
        type(rate) in (int, float) and rate == 0
    ):  # which may be set during a run, but not begun with
        optimizer = _made("Optimizer", arguments | {"class": own, "lr": 1.0}, classes)
        optimizer.lr = rate
        return optimizer
    return _made("Optimizer", arguments | {"class": own}, classes)


def _optimizer(optimizer: optim.Optimizer, names: Names) -> dict[str, Any]:
    kind = type(optimizer)
    name = kind.__name__ if kind in optim.CLASSES else names.of(kind)
    return {"class": name, **_arguments(optimizer, names)}


def _arguments(configured: Configured, names: Names) -> dict[str, Any]:
    return {k: _plain(v, names) for k, v in configured.arguments().items()}


def _plain(value: Any, names: Names) -> Any:
    """An argument as JSON can hold it."""

    def other(value: Any) -> Any:
        if type(value) in schedules.CLASSES:
            return {"class": type(value).__name__, **_arguments(value, names)}
        if callable(value):
            return names.of(value)
        raise TypeError(f"arguments must be numbers, texts, schedules or functions, not {value!r}")

    return plain(value, other)


def _value(saved: Any, functions: Mapping[str, Any]) -> Any:
    """The argument that `_plain` made plain."""
    if isinstance(saved, list):
        return tuple(_value(v, functions) for v in saved)
    if not isinstance(saved, dict):
        return saved
    is_own = "function" in saved
    name = saved["function" if is_own else "class"]
    if not is_own and (name in _SCHEDULES or name not in functions):
        arguments = {k: _value(v, functions) for k, v in saved.items() if k != "class"}
        return _made("Schedule", arguments | {"class": name}, _SCHEDULES)
    given = find(name, functions)
    if isinstance(given, type) or not callable(given):
        got = f"the class {given!r}" if isinstance(given, type) else repr(given)
        raise LookupError(f"{name} must be the schedule or function itself, got {got}")
    return given


def _made(where: str, config: dict[str, Any], classes: Mapping[str, type[Class]]) -> Class:
    """The object that was described by its class's name and its constructor's arguments."""
    name: Any = config.get("class")
    if name not in classes:
        raise ValueError(f"{where}: class must be one of {', '.join(classes)}, got {name!r}")
    given = {key: value for key, value in config.items() if key != "class"}
    return classes[name](**{k: tuple(v) if isinstance(v, list) else v for k, v in given.items()})
