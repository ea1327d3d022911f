"""Everything that can feed a network, as batches: data sets, generators, PyTorch's loaders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.data.batches import Batch, Batches, Source
from fastnn.data.column import Array, Column, Real, core_array
from fastnn.data.dataset import Dataset


class Samples:
    """A map-style data set of another library (``__len__``, ``__getitem__``) as batches need it."""

    def __init__(self, source: Any) -> None:
        self.source = source

    def __len__(self) -> int:
        return len(self.source)

    def gather(self, numbers: NDArray[np.int64], dtype: Any = None) -> Batch:
        """Samples by number, put together into one batch."""
        pairs = [_pair(self.source[int(i)], f"sample {i}") for i in numbers]
        try:
            x, y = _stack([p[0] for p in pairs]), _stack([p[1] for p in pairs])
        except ValueError as error:  # shapes differ
            raise ValueError(
                f"data: samples must have one shape to make a batch, got {error}"
            ) from None
        return arrays_of(x, y, dtype, "batch")


class Stream(Source):
    """Batches that an iterable, or a function that returns one, gives out at each pass.

    An iterator can be passed over once; a generator function, a list or a DataLoader as often as
    wanted.
    """

    def __init__(self, source: Any, dtype: Real | None = None) -> None:
        super().__init__()
        self.source = source
        self.dtype = dtype
        self._makes = callable(source) and not hasattr(source, "__iter__")
        self._spent = False
        if not self._makes and hasattr(source, "__len__"):
            with suppress(TypeError):  # a DataLoader over a stream has __len__, but no length
                self.batches = len(source)

    def _pass(self, epoch: int, position: int) -> Iterator[Batch]:
        batches = iter(self.source() if self._makes else self.source)
        if batches is self.source:
            if self._spent:
                raise RuntimeError(
                    "data: source must be iterable once per epoch, got an iterator that is used "
                    "up; pass the function that makes it"
                )
            self._spent = True
        for number, item in islice(enumerate(batches), position, None):
            x, y = _pair(item, f"batch {number}")
            yield arrays_of(x, y, self.dtype, f"batch {number}")


def as_batches(
    source: Any,
    batch_size: int = 32,
    shuffle: bool = True,
    seed: int = 0,
    *,
    drop_last: bool = False,
    dtype: Real | None = None,
) -> Source:
    """Batches ``(x, y)`` from whatever holds data.

    Parameters
    ----------
    source : object
        - a ``Dataset``, or a tuple ``(x, y)`` that makes one;
        - an object with ``__len__`` and ``__getitem__`` over samples ``(x, y)``: a PyTorch Dataset;
        - an iterable over batches ``(x, y)``: a ``Batches``, a list, a PyTorch DataLoader;
        - a function without arguments that returns such an iterable: a generator function.

        Tensors of other libraries are read through ``__array__``; y is None where there is none.
    batch_size, shuffle, seed, drop_last
        As in ``Batches``; an iterable over batches keeps its own.
    dtype : "float32" or "float64", optional
        Of the real arrays given out.

    Returns
    -------
    Source
        Iterable once per epoch, with ``state()`` and ``set_state()``.

    Raises
    ------
    TypeError
        If ``source`` is none of these.

    Examples
    --------
    >>> def pairs():
    ...     for i in range(3):
    ...         yield [[i]], [i]
    >>> [y.tolist() for x, y in as_batches(pairs)]
    [[0], [1], [2]]
    """
    if isinstance(source, Source):
        return source
    if isinstance(source, tuple) and len(source) == 2:
        source = Dataset(*source)
    how: dict[str, Any] = {"shuffle": shuffle, "seed": seed, "drop_last": drop_last, "dtype": dtype}
    if isinstance(source, Dataset):
        return Batches(source, batch_size, **how)
    if not isinstance(source, np.ndarray | Mapping | str | bytes | tuple):
        if hasattr(source, "__iter__") or callable(source) and not hasattr(source, "__getitem__"):
            return Stream(source, dtype)
        if hasattr(source, "__getitem__") and hasattr(source, "__len__"):
            return Batches(Samples(source), batch_size, **how)
    raise TypeError(
        "data: source must be a Dataset, a tuple (x, y), a map-style data set, an iterable over "
        f"batches (x, y) or a function that returns one, got {type(source).__name__}"
    )


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


def _pair(item: Any, where: str) -> Batch:
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
