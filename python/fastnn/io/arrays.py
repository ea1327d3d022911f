"""Names of arrays in files: parameters have their own, all else one that no parameter has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def put(arrays: dict[str, Any], name: str, array: Any) -> str:
    """Add an array, which belongs to no parameter; the name that it got: layers have any names.

    Examples
    --------
    >>> put({"state.0": 1.0}, "state.0", 2.0)
    'state.0_'
    """
    while name in arrays:
        name += "_"
    arrays[name] = array
    return name


def arrays_put(
    arrays: Mapping[str, Any], structure: dict[str, Any], kind: str, before: Iterable[str]
) -> list[Any]:
    """The arrays of a kind. ``before``: their names in files that do not tell them, where a layer's
    parameter may have had the same."""
    if f"{kind}_arrays" in structure:
        return [arrays[name] for name in structure[f"{kind}_arrays"]]
    taken = set(structure.get("model", structure)["parameter_names"])
    found = []
    for name in before:
        if name in taken:
            raise ValueError(f"{name} as the name of two arrays, of which one is lost")
        found.append(arrays[name])
    return found


def state_arrays(arrays: Mapping[str, Any], structure: dict[str, Any]) -> list[Any]:
    """The arrays of a model's states, in the states' order."""
    before = (f"state.{name}" for name in structure["state_names"])
    return arrays_put(arrays, structure, "state", before)


def check_shapes(arrays: Iterable[Any], shapes: Iterable[Any]) -> None:
    """As many arrays as shapes, each of its shape."""
    for array, shape in zip(arrays, shapes, strict=True):
        if array.shape != tuple(shape):
            raise ValueError(f"an array of shape {array.shape} for one of {tuple(shape)}")
