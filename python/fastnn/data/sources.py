"""Everything that can feed a network, as batches: data sets, generators, PyTorch's loaders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import Any

import numpy as np

from fastnn.data.augmented import Augmented
from fastnn.data.batches import Batches, Source
from fastnn.data.column import Real
from fastnn.data.dataset import Dataset
from fastnn.data.samples import Batch, Samples, arrays_of, pair_of


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
            x, y = pair_of(item, f"batch {number}")
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
        - a ``Dataset``, or a tuple ``(x, y)`` that makes one; an ``Augmented`` one;
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
    if isinstance(source, Dataset | Augmented):
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
