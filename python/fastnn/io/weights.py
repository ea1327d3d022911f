"""Weights by name: from a safetensors file of PyTorch or of fastnn, or from a dict of arrays."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeGuard

import numpy as np

from fastnn.io import tensors
from fastnn.io.arrays import state_arrays
from fastnn.io.save import read_structure, rebuilding
from fastnn.model import Model
from fastnn.ops.tensor import as_array

_WHERE = "Model.load_weights"
_MOST = 20  # names of a kind in an error
# What PyTorch saves of batch normalisation and no network computes with.
_IGNORED = "num_batches_tracked"


class Unmatched(NamedTuple):
    """Names that found no partner.

    Attributes
    ----------
    missing : list of str
        Parameters and states of the model that the source does not have.
    unexpected : list of str
        Names of the source that the model does not have.
    """

    missing: list[str]
    unexpected: list[str]


def load_weights(model: Model, source: Any, rename: Any, strict: bool) -> Unmatched:
    """Write arrays into a model by name; see ``Model.load_weights``."""
    own = {**model.parameters, **model.states}
    given: dict[str, str] = {}  # name in the model: name in the source
    arrays = _arrays(source)
    new_name = _renaming(rename)
    for name in arrays:
        to = None if name.rpartition(".")[2] == _IGNORED else new_name(name)
        if to in given:
            raise ValueError(
                f"{_WHERE}: rename must give different names, got {to!r} for {given[to]!r} and "
                f"{name!r}"
            )
        if to is not None:
            given[to] = name
    fitting = {to: as_array(arrays[name], _WHERE, name) for to, name in given.items() if to in own}
    unmatched = Unmatched(
        [name for name in own if name not in given],
        [name for to, name in given.items() if to not in own],
    )
    misshapen = [
        f"{name} {array.shape} for {own[name].shape}"
        for name, array in fitting.items()
        if array.shape != own[name].shape
    ]
    problems = {"of another shape": misshapen}
    if strict:
        problems = {
            "missing": unmatched.missing,
            "unexpected": unmatched.unexpected,
        } | problems
    if any(problems.values()):
        found = "; ".join(f"{len(n)} {kind}: {_listed(n)}" for kind, n in problems.items() if n)
        raise ValueError(
            f"{_WHERE}: source must have the model's names and shapes, got {found}; rename= says "
            "what the model calls an array (None: leave it out), strict=False keeps what has no "
            "partner as it is"
        )
    # Copies: a cast may fail, and the source may be the model's own arrays under other names.
    cast = {name: np.array(array, model.dtype) for name, array in fitting.items()}
    for name, array in cast.items():
        own[name][...] = array
    return unmatched


def _listed(names: Sequence[str]) -> str:
    more = f", and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return ", ".join(names[:_MOST]) + more


def _arrays(source: Any) -> Mapping[str, Any]:
    """The source's arrays by name; of a fastnn file those of its model."""
    if isinstance(source, Mapping):
        for name in source:
            if not isinstance(name, str):
                raise TypeError(f"{_WHERE}: source must have names that are str, got {name!r}")
        return source
    if not isinstance(source, str | os.PathLike):
        raise TypeError(
            f"{_WHERE}: source must be a safetensors file or a dict of arrays by name, "
            f"got {type(source).__name__}"
        )
    arrays, metadata = tensors.read(source, _WHERE)
    if metadata.get("format") != "fastnn":
        return arrays
    arrays, structure = read_structure(source, _WHERE, None)
    with rebuilding(source, _WHERE):
        model = structure.get("model", structure)
        states = zip(model["state_names"], state_arrays(arrays, model), strict=True)
        parameters = {name: arrays[name] for name in model["parameter_names"]}
        return parameters | dict(states)


def _renaming(rename: Any) -> Callable[[str], str | None]:
    """What the model calls an array of the source, as a function."""
    if rename is None:
        return lambda name: name
    if isinstance(rename, Mapping):
        for old, new in rename.items():
            if not isinstance(old, str) or not _is_name(new):
                raise TypeError(
                    f"{_WHERE}: rename must map str to str or None, got {old!r}: {new!r}"
                )
        return lambda name: _renamed(name, rename)
    if not callable(rename):
        raise TypeError(f"{_WHERE}: rename must be a dict or a function, got {rename!r}")

    def checked(name: str) -> str | None:
        new: Any = rename(name)
        if not _is_name(new):
            raise TypeError(f"{_WHERE}: rename must give str or None, got {new!r} for {name!r}")
        return new

    return checked


def _is_name(new: Any) -> TypeGuard[str | None]:
    return new is None or isinstance(new, str)


def _renamed(name: str, names: Mapping[str, str | None]) -> str | None:
    """By the longest leading part, up to a dot, that the mapping has; "" takes the part away.

    Examples
    --------
    >>> _renamed("features.0.weight", {"features.0": "conv1"})
    'conv1.weight'
    >>> _renamed("module.fc.bias", {"module": ""})
    'fc.bias'
    """
    parts = name.split(".")
    for n in range(len(parts), 0, -1):
        old = ".".join(parts[:n])
        if old in names:
            new = names[old]
            return None if new is None else ".".join([*([new] if new else []), *parts[n:]])
    return name
