"""Samples of other libraries put together into batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.data.column import Array, Column, Real, core_array
from fastnn.data.dataset import Dataset

Batch = tuple[Any, Any]  # x, y


class Samples:
    """A map-style data set of another library (``__len__``, ``__getitem__``) as batches need it."""

    def __init__(self, source: Any) -> None:
        self.source = source

    def __len__(self) -> int:
        return len(self.source)

    def gather(self, numbers: NDArray[np.int64], dtype: Any = None) -> Batch:
        """Samples by number, put together into one batch."""
        pairs = [pair_of(self.source[int(i)], f"sample {i}") for i in numbers]
        try:
            x, y = _stack([p[0] for p in pairs]), _stack([p[1] for p in pairs])
        except ValueError as error:  # shapes differ
            raise ValueError(
                f"data: samples must have one shape to make a batch, got {error}"
            ) from None
        return arrays_of(x, y, dtype, "batch")


def gathers(dataset: Any, where: str) -> Dataset | Samples:
    """What batches can be gathered from: a data set as it is, (x, y), or one of another library."""
    if isinstance(dataset, tuple) and len(dataset) == 2:
        return Dataset(*dataset)
    if isinstance(dataset, Dataset):
        return dataset
    maps = hasattr(dataset, "__getitem__") and hasattr(dataset, "__len__")
    augmented = hasattr(dataset, "gather") and hasattr(dataset, "dataset")
    wrong = isinstance(dataset, np.ndarray | dict | list | str | bytes | tuple)
    if not maps or augmented or wrong:
        raise TypeError(
            f"{where}: dataset must be a Dataset, a tuple (x, y) or a map-style data set, "
            f"got {type(dataset).__name__}"
        )
    return Samples(dataset)


def arrays_of(x: Any, y: Any, dtype: Real | None, where: str) -> Batch:
    """The arrays of one batch as the core reads them, of one length."""
    lengths: list[int] = []

    def ready(value: Any, name: str) -> Any:
        if value is None:
            return None
        if isinstance(value, Mapping):
            return {key: ready(part, f"{name}[{key!r}]") for key, part in value.items()}
        if isinstance(value, tuple):
            return tuple(ready(part, f"{name}[{i}]") for i, part in enumerate(value))
        array = _converted(value, dtype, f"data: {where}", name)
        lengths.append(len(array))
        if len(array) == 0 or len(array) != lengths[0]:
            rule = f"{lengths[0]} rows as x has" if lengths[0] else "at least 1 row"
            raise ValueError(f"data: {where}: {name} must have {rule}, got {len(array)}")
        return array

    return ready(x, "x"), ready(y, "y")


def _converted(value: Any, dtype: Real | None, where: str, name: str) -> Array:
    array = core_array(value, where, name)
    column = Column(array, None, None, labels=name[0] == "y")
    wanted = column.dtype if column.is_integer else dtype or column.dtype
    return array if array.dtype == wanted else column.rows(None, wanted)


def pair_of(item: Any, where: str) -> Batch:
    """x and y of what a source gives out; y is None where there is none."""
    if not isinstance(item, tuple | list):
        return item, None
    if len(item) == 2:
        return item[0], item[1]
    if len(item) == 1:
        return item[0], None
    raise ValueError(
        f"data: {where} must be a pair (x, y), got {len(item)} parts; put several inputs into a "
        "tuple: ((x1, x2), y)"
    )


def _stack(values: list[Any]) -> Any:
    first = values[0]
    if first is None:
        return None
    if isinstance(first, Mapping):
        return {key: _stack([v[key] for v in values]) for key in first}
    if isinstance(first, tuple):
        return tuple(_stack(list(parts)) for parts in zip(*values, strict=True))
    return np.stack([np.asarray(v) for v in values])
