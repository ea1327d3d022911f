"""What users hand to a network, by name or by order, as the arrays that its inputs ask for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn._arrays import check_int64
from fastnn.data import Dataset
from fastnn.graph import Feed
from fastnn.ops.tensor import Tensor, as_array, shape_text

Array = NDArray[Any]


def of(
    inputs: Sequence[Tensor], dtype: str, x: Any, where: str
) -> tuple[list[Feed], int, NDArray[np.int64] | None]:
    """What the inputs of a network are fed with, checked.

    Parameters
    ----------
    inputs : sequence of Tensor
    dtype : {"float32", "float64"}
        The network's own.
    x : as for ``Model.predict``
    where : str
        Head of error texts.

    Returns
    -------
    feeds : list of (array, scale, offset)
        In the inputs' order.
    rows : int
    order : int64 array, or None
        Row numbers in the arrays; None for all, in order.

    Raises
    ------
    ValueError, TypeError
        As ``Model.predict``.

    Examples
    --------
    >>> of([Tensor((None, 2), "float32", "x")], "float32", [[1, 2]], "here")
    ([(array([[1., 2.]], dtype=float32), 1.0, 0.0)], 1, None)
    """
    if isinstance(x, Dataset):
        return of_dataset(inputs, x, where), len(x), x.indices
    if hasattr(x, "gather") and hasattr(x, "dataset"):
        raise TypeError(
            f"{where}: x must be arrays or a Dataset, got {type(x).__name__}, whose samples change; "
            "give its dataset, or what gather returns"
        )
    given = in_order(x, [t.name for t in inputs], where, "x")
    if len(inputs) == 1 and not isinstance(given, tuple):
        given = (given,)
    _check_count(inputs, given, where)
    arrays = [as_rows(one, t, dtype, where) for one, t in zip(given, inputs, strict=True)]
    rows = {len(array) for array in arrays}
    if len(rows) > 1:
        raise ValueError(f"{where}: x must have as many rows in each input, got {sorted(rows)}")
    return [(array, 1.0, 0.0) for array in arrays], rows.pop(), None


def of_dataset(inputs: Sequence[Tensor], data: Dataset, where: str) -> list[Feed]:
    """The stored arrays of a data set, checked; the core scales and casts while it gathers.

    Parameters
    ----------
    inputs : sequence of Tensor
    data : Dataset
    where : str
        Head of error texts.

    Returns
    -------
    list of (array, scale, offset)
        In the inputs' order.

    Raises
    ------
    ValueError, TypeError
        As ``Model.predict``.
    """
    columns = in_order(data.x_columns, [t.name for t in inputs], where, "x")
    _check_count(inputs, columns, where)
    for tensor, column in zip(inputs, columns, strict=True):
        check_rows(column.array, tensor, where)
        if tensor.dtype == "int64" and (column.scale != 1 or column.offset != 0):
            raise ValueError(
                f"{where}: x must have no scale or offset where the input {tensor.name} holds "
                f"integers, got scale={column.scale}, offset={column.offset}"
            )
    return [(c.array, c.scale, c.offset) for c in columns]


def _check_count(inputs: Sequence[Tensor], given: Any, where: str) -> None:
    """An array for each input."""
    if not isinstance(given, list | tuple) or len(given) != len(inputs):
        count = len(given) if isinstance(given, list | tuple) else type(given).__name__
        raise ValueError(
            f"{where}: x must be {len(inputs)} arrays as the model has inputs, got {count}"
        )


def in_order(given: Any, names: Sequence[str], where: str, argument: str) -> Any:
    """The values of a dict in the order of ``names``; anything else as it is.

    Parameters
    ----------
    given : dict of str to object, or object
    names : sequence of str
        Of a model's inputs or outputs.
    where, argument : str
        Head of error texts, and what ``given`` is called there.

    Returns
    -------
    tuple, or ``given``

    Raises
    ------
    ValueError
        If the dict lacks a name, has another, or two of ``names`` are the same.

    Examples
    --------
    >>> in_order({"b": 2, "a": 1}, ["a", "b"], "Model.predict", "x")
    (1, 2)
    """
    if not isinstance(given, Mapping):
        return given
    if len(names) == len(given) == 1:  # whatever the user calls it
        return tuple(given.values())
    for name in names:
        if names.count(name) > 1:
            raise ValueError(
                f"{where}: {argument} must be a tuple, because the model has the name {name!r} "
                "twice, got a dict; give its inputs and last layers different names"
            )
    if set(given) != set(names):
        raise ValueError(
            f"{where}: {argument} must be a dict with the model's names {', '.join(names)}, "
            f"got {', '.join(map(str, given)) or 'none'}"
        )
    return tuple(given[name] for name in names)


def as_rows(x: Any, tensor: Tensor, dtype: str, where: str) -> Array:
    """An input as a contiguous array of the tensor's shape and dtype."""
    array = as_array(x, where, "x")
    check_rows(array, tensor, where)
    if tensor.dtype == "int64":
        check_int64(array, where, "x")
    return cast(array, dtype if tensor.dtype.startswith("float") else tensor.dtype)


def cast(array: Array, dtype: str) -> Array:
    """Contiguous, of a dtype; what float32 does not hold becomes infinite, without a warning.

    It is told, or computed with, as any infinity.

    Examples
    --------
    >>> cast(np.array([1e300, 2.0]), "float32")
    array([inf,  2.], dtype=float32)
    """
    if array.dtype.itemsize <= 4 or array.dtype == dtype:
        return np.asarray(array, dtype=dtype, order="C")
    with np.errstate(over="ignore"):
        return np.asarray(array, dtype=dtype, order="C")


def check_rows(array: Array, tensor: Tensor, where: str) -> None:
    """Raise unless an array has the shape and kind that an input asks for."""
    if array.shape[1:] != tensor.shape[1:] or array.ndim != tensor.ndim:
        hint = ""
        if array.shape == tensor.shape[1:]:
            hint = "; one sample needs a batch axis: x[None]"
        elif array.ndim and array[:1].size == math.prod(d or 1 for d in tensor.shape[1:]):
            hint = f"; reshape it to {(-1, *tensor.shape[1:])}"
        raise ValueError(
            f'{where}: x must have shape {shape_text(tensor.shape)} as input "{tensor.name}" has, '
            f"got {array.shape}{hint}"
        )
    if not tensor.dtype.startswith("float") and array.dtype.kind == "f":
        raise TypeError(
            f'{where}: x must hold integers as input "{tensor.name}" does, got dtype {array.dtype}'
        )
