"""Saved models as the command line reads them: it has no Python functions to give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from fastnn.cli.output import Failure
from fastnn.io import load
from fastnn.io.save import read_structure, rebuilding
from fastnn.model import Model
from fastnn.trainer import Trainer

_Read = TypeVar("_Read")


def load_model(path: str, where: str) -> Model:
    """The model in a file; a Failure that names the argument where there is none to run."""
    return _read(load, path, f"{where}: MODEL")


def resume(path: str) -> Trainer:
    """The run in a checkpoint, likewise."""
    return _read(Trainer.resume, path, "train: --resume")


def python_functions(structure: dict[str, Any]) -> list[str]:
    """Names of the Python functions that a file's model calls.

    Examples
    --------
    >>> python_functions({"nodes": [{"op": "python", "function": "sin"}, {"op": "relu"}]})
    ['sin']
    """
    nodes = structure.get("model", structure)["nodes"]
    return list(dict.fromkeys(node["function"] for node in nodes if node["op"] == "python"))


def sample_shape(model: Model) -> tuple[int, ...]:
    """The shape of one sample of the first input."""
    return tuple(d for d in model.inputs[0].shape[1:] if d is not None)


def _read(read: Callable[[str], _Read], path: str, argument: str) -> _Read:
    try:
        return read(path)
    except OSError as error:  # it tells of the path or file that a function was given
        head, must, rest = str(error).partition(" must ")
        if not head.endswith((": path", ": file")):
            raise
        raise Failure(f"{argument}{must}{rest}") from error
    except ValueError:  # its remedy, to pass the functions, is for Python only
        _, structure = read_structure(path, argument, None)
        with rebuilding(path, argument):
            names = python_functions(structure)
        if not names:
            raise
        raise Failure(
            f"{argument} must name a file whose model calls no Python functions, as files hold no "
            f"code, got {path!r}, which calls {', '.join(names)}; use it in Python, where "
            "fastnn.load and Trainer.resume take them"
        ) from None
