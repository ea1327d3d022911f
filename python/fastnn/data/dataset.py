"""Dataset: samples and their targets, in memory or in a memory-mapped file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import _core
from fastnn._checks import check_count, check_flag, check_real, check_seed
from fastnn.data.column import Array, Column, check_factor, core_array

SPLIT_STREAM = 0x53504C54  # streams of chance; those of layers count up from 0
SHUFFLE_STREAM = 0x53485546


class Dataset:
    """N samples ``x`` and, where there are any, their targets ``y``.

    Arrays are not copied where the core can read them as they are: float32, float64, int64 and
    uint8 in row-major order, read-only and memory-mapped ones included. Everything else is
    converted once: float16 to float32, other integers to int64, bool to uint8, Fortran order and
    strided views to row-major (a memory map of such a kind is thereby read into memory). Rows are
    scaled and converted while a batch is gathered, so uint8 images stay uint8 in memory. Parts of
    a data set (slices, ``split``, ``take``, ``shuffle``) share its arrays.

    Parameters
    ----------
    x : array, shape (N, ...), or a tuple or dict of them
        Samples, one per row. Several arrays are the inputs of a model with several inputs.
    y : array, shape (N, ...), or a tuple or dict of them, optional
        Targets: integer labels (given out as int64), or one-hot rows or values (floats).
    scale, offset : float, optional
        The network sees ``scale * x + offset`` in every array of ``x``; 1/255 takes uint8 pixels to
        [0, 1]. Integers other than uint8 are inputs of type int64 (indices) unless one is given.
    class_names : sequence of str, optional
        What the labels 0, 1, ... stand for.

    Attributes
    ----------
    x, y : array, or a tuple or dict of them
        What a network sees, computed from the stored arrays at each access: float32, but float64
        where it was given, and int64 for labels and indices. ``y`` is None where there is none.
    class_names : tuple of str, or None

    Raises
    ------
    TypeError
        If an array does not hold numbers.
    ValueError
        If lengths differ, or ``scale`` or ``offset`` is not finite.

    Examples
    --------
    >>> images = np.arange(8, dtype=np.uint8).reshape(4, 2)
    >>> data = Dataset(images, [0, 1, 0, 1], scale=0.5)
    >>> len(data), data[1:3].x.tolist(), data.y.tolist()
    (4, [[1.0, 1.5], [2.0, 2.5]], [0, 1, 0, 1])
    >>> x, y = data[3]
    >>> x.tolist(), int(y)
    ([3.0, 3.5], 1)
    """

    def __init__(
        self,
        x: Any,
        y: Any = None,
        *,
        scale: float | None = None,
        offset: float | None = None,
        class_names: Sequence[str] | None = None,
    ) -> None:
        scale = check_factor(scale, "Dataset", "scale")
        offset = check_factor(offset, "Dataset", "offset")
        self._x_names, xs = _parts(x, "x")
        self._y_names, ys = _parts(y, "y") if y is not None else ((), ())
        named = list(zip(self._labels("x"), xs, strict=True))
        named += zip(self._labels("y"), ys, strict=True)
        arrays = [core_array(a, "Dataset", name) for name, a in named]
        for (name, _), array in zip(named, arrays, strict=True):
            if len(array) != len(arrays[0]):
                raise ValueError(
                    f"Dataset: {name} must have {len(arrays[0])} rows as {named[0][0]} has, "
                    f"got {len(array)}{_remedy(x, len(array))}"
                )
        self.inputs = tuple(Column(a, scale, offset) for a in arrays[: len(xs)])
        self.targets = tuple(Column(a, None, None, labels=True) for a in arrays[len(xs) :])
        self.indices: NDArray[np.int64] | None = None  # rows of the arrays; None: all, in order
        self.class_names = None if class_names is None else tuple(class_names)

    def __len__(self) -> int:
        return len(self.inputs[0].array) if self.indices is None else len(self.indices)

    @property
    def x(self) -> Any:
        """What a network sees of the samples."""
        return _pack(self._x_names, [c.rows(self.indices) for c in self.inputs])

    @property
    def y(self) -> Any:
        """The targets, None where there are none."""
        return _pack(self._y_names, [c.rows(self.indices) for c in self.targets])

    @property
    def x_columns(self) -> Any:
        """The stored inputs: a dict of them where they have names, else a tuple."""
        return _columns(self._x_names, self.inputs)

    @property
    def y_columns(self) -> Any:
        """The stored targets: a dict of them where they have names, else a tuple."""
        return _columns(self._y_names, self.targets)

    def rows(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Row numbers of the data set as row numbers of the stored arrays."""
        return numbers if self.indices is None else self.indices[numbers]

    def gather(self, numbers: NDArray[np.int64], dtype: Any = None) -> tuple[Any, Any]:
        """One batch: samples and targets by number, real ones as ``dtype`` (float32, float64).

        Examples
        --------
        >>> Dataset([[1.0], [2.0], [3.0]], [7, 8, 9]).gather(np.array([2, 0]), "float32")
        (array([[3.],
               [1.]], dtype=float32), array([9, 7]))
        """
        rows = self.rows(numbers)
        return (
            _pack(self._x_names, [c.batch(rows, dtype) for c in self.inputs]),
            _pack(self._y_names, [c.batch(rows, dtype) for c in self.targets]),
        )

    def __getitem__(self, index: Any) -> Any:
        """One sample ``(x, y)`` for an integer, else a Dataset of the rows chosen."""
        n = len(self)
        if isinstance(index, int | np.integer) and not isinstance(index, bool):
            if not -n <= index < n:
                raise IndexError(f"Dataset: index must be in {-n}..{n - 1}, got {index}")
            row = self.rows(np.array([index % n]))
            x, y = ([c.rows(row)[0] for c in part] for part in (self.inputs, self.targets))
            return _pack(self._x_names, x), _pack(self._y_names, y)
        if isinstance(index, slice):
            begin, end, step = index.indices(n)
            if step == 1 and self.indices is None:
                return self._view(begin, max(begin, end))
            return self._subset(np.arange(begin, end, step, dtype=np.int64))
        numbers = np.asarray(index)
        if numbers.dtype == bool and numbers.shape == (n,):
            return self._subset(np.flatnonzero(numbers))
        if numbers.dtype.kind not in "iu" and numbers.size or numbers.ndim != 1:
            raise TypeError(
                "Dataset: index must be an integer, a slice, a list of integers or a bool array of "
                f"{n}, got dtype {numbers.dtype} and shape {numbers.shape}"
            )
        numbers = numbers.astype(np.int64)
        outside = (numbers < -n) | (numbers >= n)
        if outside.any():
            raise IndexError(
                f"Dataset: index must be in {-n}..{n - 1}, got {numbers[outside.argmax()]}"
            )
        return self._subset(np.where(numbers < 0, numbers + n, numbers))

    def take(self, n: int) -> Dataset:
        """The first ``n`` samples, or all where there are fewer."""
        part: Dataset = self[: check_count("Dataset.take", "n", n, least=0)]
        return part

    def shuffle(self, seed: int = 0) -> Dataset:
        """The same samples in another order, decided by ``seed``.

        Examples
        --------
        >>> Dataset(np.arange(5)).shuffle(seed=1).x.tolist()
        [3, 1, 4, 2, 0]
        """
        check_seed("Dataset.shuffle", seed)
        return self._subset(_core.random_permutation(seed, SHUFFLE_STREAM, 0, len(self)))

    def split(
        self, fraction: float, seed: int = 0, *, stratify: bool = False
    ) -> tuple[Dataset, Dataset]:
        """Two parts by chance: ``round(fraction * N)`` samples and the rest, each in the old order.

        Parameters
        ----------
        fraction : float, 0 <= fraction <= 1
            Share of the first part.
        seed : int, >= 0
            Decides who goes where.
        stratify : bool
            Give every class of ``y`` (labels or one-hot) the same share, to one sample.

        Returns
        -------
        first, second : Dataset

        Raises
        ------
        ValueError
            If ``fraction`` is outside [0, 1], or there are no labels to stratify by.
        TypeError
            If an argument is of the wrong kind.

        Examples
        --------
        >>> first, second = Dataset(np.arange(10)).split(0.8)
        >>> len(first), second.x.tolist()
        (8, [2, 3])
        """
        check_real("Dataset.split", "fraction", fraction, "in [0, 1]", lambda v: 0 <= v <= 1)
        check_seed("Dataset.split", seed)
        check_flag("Dataset.split", "stratify", stratify)
        n = len(self)
        order: NDArray[np.int64] = _core.random_permutation(seed, SPLIT_STREAM, 0, n)
        count = int(np.floor(fraction * n + 0.5))
        if stratify:
            order = _stratified(order, self._classes(), count)
        first, second = np.sort(order[:count]), np.sort(order[count:])
        return self._subset(first), self._subset(second)

    def __repr__(self) -> str:
        columns = zip(
            self._labels("x") + self._labels("y"), self.inputs + self.targets, strict=True
        )
        parts = [f"{name} {c.dtype} {(len(self), *c.array.shape[1:])}" for name, c in columns]
        return f"Dataset({', '.join(parts)})"

    def _labels(self, name: str) -> list[str]:
        names = self._x_names if name == "x" else self._y_names
        return [name] if names is None else [f"{name}[{key!r}]" for key in names]

    def _classes(self) -> NDArray[np.int64]:
        if len(self.targets) == 1:
            y = self.targets[0].rows(self.indices)
            if y.ndim == 1 and y.dtype == np.int64:
                return y
            if y.ndim == 2:
                classes: NDArray[np.int64] = y.argmax(axis=1)
                return classes
        raise ValueError(
            "Dataset.split: stratify must have labels (N,) or one-hot rows (N, K) to go by, "
            f"got {self!r}"
        )

    def _with(self, columns: list[Column], indices: NDArray[np.int64] | None) -> Dataset:
        new = Dataset.__new__(Dataset)
        new._x_names, new._y_names = self._x_names, self._y_names
        new.inputs = tuple(columns[: len(self.inputs)])
        new.targets = tuple(columns[len(self.inputs) :])
        new.indices = indices
        new.class_names = self.class_names
        return new

    def _view(self, begin: int, end: int) -> Dataset:
        return self._with([c.view(begin, end) for c in self.inputs + self.targets], None)

    def _subset(self, numbers: NDArray[np.int64]) -> Dataset:
        return self._with(list(self.inputs + self.targets), self.rows(numbers))


Names = tuple["str | int", ...] | None  # None: one array that stands alone


def _parts(value: Any, name: str) -> tuple[Names, tuple[Any, ...]]:
    if isinstance(value, Mapping):
        names: Names = tuple(value)
        parts = tuple(value.values())
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"Dataset: {name} must have names of type str, got {key!r}")
    elif isinstance(value, tuple):
        names, parts = tuple(range(len(value))), value
    else:
        return None, (value,)
    if not parts:
        raise ValueError(
            f"Dataset: {name} must have at least 1 array, got an empty {type(value).__name__}"
        )
    return names, parts


def _remedy(x: Any, rows: int) -> str:
    """For who gives several inputs as a list, which is one array whose rows they are."""
    is_several = isinstance(x, list) and x and all(np.shape(part)[:1] == (rows,) for part in x)
    return "; several inputs are a tuple of arrays, x is a list of them" if is_several else ""


def _pack(names: Names, arrays: list[Array]) -> Any:
    if names is None:
        return arrays[0]
    if not names:
        return None
    if isinstance(names[0], str):
        return dict(zip(names, arrays, strict=True))
    return tuple(arrays)


def _columns(names: Names, columns: tuple[Column, ...]) -> Any:
    if names and isinstance(names[0], str):
        return dict(zip(names, columns, strict=True))
    return columns


def _stratified(
    order: NDArray[np.int64], classes: NDArray[np.int64], count: int
) -> NDArray[np.int64]:
    """``order`` with ``count`` rows in front that hold the same share of every class.

    Row i of the m rows of a class, in the order of chance, goes to place (i + 1/2) / m of the
    whole: any front part then holds its share of each class, to one row.
    """
    n = len(order)
    places = np.empty(n)
    drawn = classes[order]
    for label in np.unique(drawn):
        rows = np.flatnonzero(drawn == label)
        places[rows] = (np.arange(len(rows)) + 0.5) / len(rows)
    return order[np.argsort(places, kind="stable")]
