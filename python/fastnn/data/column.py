"""One array of a data set as the core reads it, and how its rows are scaled on the way out."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fastnn import _core
from fastnn._arrays import check_int64, detached

Array = NDArray[Any]
Real = Literal["float32", "float64"]

_CORE = ("float32", "float64", "int64", "uint8")


class Column:
    """Rows of ``array``, given out as ``scale * row + offset``.

    Attributes
    ----------
    array : array, shape (N, ...), C-contiguous, of dtype float32, float64, int64 or uint8
        The array given, or one converted copy of it.
    scale, offset : float
        Applied to real outputs only.
    dtype : str
        What a row is given out as where nobody asks for another dtype: float64 arrays as float64,
        integers that are not scaled as int64, everything else as float32.
    """

    def __init__(
        self, array: Array, scale: float | None, offset: float | None, *, labels: bool = False
    ) -> None:
        self.array = array
        self.scale = 1.0 if scale is None else float(scale)
        self.offset = 0.0 if offset is None else float(offset)
        scaled = scale is not None or offset is not None
        if array.dtype == np.float64:
            self.dtype = "float64"
        elif array.dtype == np.int64 and not scaled or labels and array.dtype == np.uint8:
            self.dtype = "int64"
        else:
            self.dtype = "float32"

    @property
    def is_integer(self) -> bool:
        """Whether rows are given out as integers (labels, indices)."""
        return self.dtype == "int64"

    def rows(self, indices: NDArray[np.int64] | None = None, dtype: str | None = None) -> Array:
        """Rows by number (all of them for None) as a new array of ``dtype``."""
        out: Array = _core.gather_rows(
            self.array, indices, self.scale, self.offset, dtype or self.dtype
        )
        return out

    def batch(self, indices: NDArray[np.int64], dtype: Real | None) -> Array:
        """Rows by number; ``dtype`` is for real columns, integers stay int64."""
        return self.rows(indices, None if self.is_integer else dtype)

    def view(self, begin: int, end: int) -> Column:
        """The rows begin..end-1, without a copy."""
        return self.like(self.array[begin:end])

    def like(self, array: Array) -> Column:
        """Another array under the same scale and dtype."""
        new = Column.__new__(Column)
        new.array, new.dtype = array, self.dtype
        new.scale, new.offset = self.scale, self.offset
        return new


def core_array(array: Any, where: str, name: str) -> Array:
    """The array itself where the core can read it, else one converted copy of it."""
    array = detached(array, where, name)
    try:
        array = np.asarray(array)
    except ValueError as error:  # rows of different lengths
        raise ValueError(
            f"{where}: {name} must be an array, or a tuple or dict of arrays, got {error}"
        ) from None
    kind = array.dtype.kind
    if kind not in "fiub":
        raise TypeError(
            f"{where}: {name} must hold numbers of a float, integer or bool dtype, "
            f"got dtype {array.dtype}"
        )
    if array.ndim < 1:
        raise ValueError(f"{where}: {name} must have at least 1 axis, the rows, got shape ()")
    if array.ndim > 8:
        raise ValueError(f"{where}: {name} must have at most 8 axes, got {array.ndim}")
    if array.dtype.name in _CORE and array.dtype.isnative:
        dtype = array.dtype
    elif kind == "f":
        dtype = np.dtype("float64" if array.dtype.itemsize >= 8 else "float32")
    else:
        dtype = np.dtype("uint8" if kind == "b" else "int64")
    if dtype == np.int64:
        check_int64(array, where, name)
    return np.asarray(array, dtype=dtype, order="C")


def check_factor(value: Any, where: str, name: str) -> float | None:
    """``scale`` or ``offset``: None or a finite number."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise TypeError(f"{where}: {name} must be a number or None, got {type(value).__name__}")
    if not math.isfinite(value):
        raise ValueError(f"{where}: {name} must be finite, got {value}")
    return float(value)
