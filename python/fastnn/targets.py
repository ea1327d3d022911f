"""What a loss compares a model's outputs with: kinds and shapes of targets, their checks."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fastnn import losses
from fastnn._arrays import check_int64
from fastnn.data import Dataset
from fastnn.feeds import cast, in_order
from fastnn.graph import Feed
from fastnn.ops.tensor import Tensor, as_array

Loss = Callable[[Any, Any], Any]

_CHECKED_AT_ONCE = 1 << 20  # numbers of a data set's targets


class Targets:
    """Of one kind and shape for each output, as those that were seen first.

    Parameters
    ----------
    outputs : sequence of Tensor
    names : sequence of str
        What a dict of targets calls them.
    dtype : {"float32", "float64"}
        The model's own.
    functions : sequence of callable
        The loss of each output.
    y : array, or tuple or dict of arrays
        Some targets.

    Attributes
    ----------
    tensors : list of Tensor
        One for each output, "y" or "y1", "y2" ...
    """

    def __init__(
        self,
        outputs: Sequence[Tensor],
        names: Sequence[str],
        dtype: str,
        functions: Sequence[Loss],
        y: Any,
    ) -> None:
        self._outputs, self._names, self._dtype = outputs, names, dtype
        self._functions = functions
        self._kinds = self._kinds_of(y)
        one = len(self._kinds) == 1
        self.tensors = [
            Tensor((None, *shape), kind, "y" if one else f"y{i + 1}")
            for i, (kind, shape) in enumerate(self._kinds)
        ]
        self._classes = [
            p.shape[-1] if losses.is_built_in(f) and t.dtype == "int64" and _labels(t, p) else None
            for f, p, t in zip(functions, outputs, self.tensors, strict=True)
        ]
        self._seen: weakref.ref[Dataset] | None = None  # whose targets were checked last

    def _kinds_of(self, y: Any) -> list[tuple[str, tuple[int, ...]]]:
        given, count = self._by_output(y), len(self._outputs)
        if len(given) != count:
            raise ValueError(
                f"Trainer: y must be {count} arrays as the model has outputs, got {len(given)}"
            )
        return [
            _kind(as_array(a, "Trainer", "y"), p, f)
            for a, p, f in zip(given, self._outputs, self._functions, strict=True)
        ]

    def _by_output(self, y: Any) -> tuple[Any, ...]:
        """Targets, or a data set's columns of them, in the order of the outputs."""
        return parts_of(in_order(y, self._names, "Trainer", "y"))

    def takes(self, y: Any) -> bool:
        """Whether these targets are of the same kinds and shapes."""
        return self._kinds_of(y) == self._kinds

    def feeds(self, y: Any, rows: int, where: str) -> list[Feed]:
        """The targets of one batch of ``rows``, in the order of the outputs; checked."""
        result = []
        columns = zip(self.tensors, self._by_output(y), self._functions, self._classes, strict=True)
        for tensor, array, function, classes in columns:
            given = as_array(array, "Trainer", "y")
            if tensor.dtype == "int64":
                check_int64(given, where, "y")
            target = cast(given, self._real(tensor)).reshape(len(given), *tensor.shape[1:])
            if len(target) != rows:
                raise ValueError(f"{where}: y must have {rows} rows as x has, got {len(target)}")
            losses.check_targets(function, target, classes, where)
            result.append((target, 1.0, 0.0))
        return result

    def of_dataset(self, data: Dataset) -> list[Feed]:
        """The stored targets of a data set, in the order of the outputs."""
        return [(c.array, c.scale, c.offset) for c in self._by_output(data.y_columns)]

    def check_dataset(self, data: Dataset, where: str, again: bool = False) -> None:
        """Raise unless a loss of fastnn can be of every target; looked at once, or ``again``."""
        if self._seen is not None and self._seen() is data and not again:
            return
        given = self._by_output(data.y_columns)
        columns = zip(self.tensors, given, self._functions, self._classes, strict=True)
        for tensor, column, function, classes in columns:
            if not losses.is_built_in(function):
                continue
            rows = max(1, _CHECKED_AT_ONCE // max(1, column.array[:1].size))
            for begin in range(0, len(data), rows):
                part = data.rows(np.arange(begin, min(begin + rows, len(data))))
                y = column.rows(part, self._real(tensor)).reshape(len(part), *tensor.shape[1:])
                losses.check_targets(function, y, classes, where, begin)
        self._seen = weakref.ref(data)

    def _real(self, tensor: Tensor) -> Any:
        return self._dtype if tensor.dtype == "float32" else "int64"

    def odd_label(self, y: Any) -> tuple[int, int, int] | None:
        """A label that no output has, its row, and how many units the output has.

        A loss of fastnn refuses such labels; one of one's own may have made NaN of them.
        """
        for tensor, output, given in zip(
            self.tensors, self._outputs, self._by_output(y), strict=True
        ):
            if tensor.dtype != "int64" or not _labels(tensor, output):
                continue
            labels, classes = np.asarray(given).reshape(len(given), -1), int(output.shape[-1] or 0)
            wrong = (labels < 0) | (labels >= classes)
            if wrong.any():
                return int(labels[wrong][0]), int(wrong.any(1).argmax()), classes
        return None


def parts_of(values: Any) -> tuple[Any, ...]:
    """Arrays, one or several, as a tuple."""
    if values is None:
        raise ValueError(
            "Trainer: y must be given, got data without targets; arrays go together in a "
            "tuple (x, y), a list holds batches"
        )
    if isinstance(values, dict):
        return tuple(values.values())
    return values if isinstance(values, tuple) else (values,)


def _kind(y: Any, output: Tensor, loss: Loss) -> tuple[str, tuple[int, ...]]:
    """dtype and shape of one target.

    A vector of N numbers for an output (N, 1) is (N, 1). Integers of the output's shape are values
    to a loss of fastnn; to the hinge cost of one unit they are labels, of which 0 means -1.
    """
    if not y.ndim:
        raise ValueError("Trainer: y must have at least 1 axis, the rows, got shape ()")
    one_unit = output.ndim == 1 or output.shape[-1] == 1
    vector = y.ndim == 1 and output.ndim == 2 and one_unit
    shape = (1,) if vector else y.shape[1:]
    if y.dtype.kind == "f":
        return "float32", shape
    if one_unit and losses.has_signs(loss):
        return "int64", shape
    values = vector or shape == output.shape[1:] and losses.is_built_in(loss)
    return ("float32" if values else "int64"), shape


def _labels(y: Tensor, output: Tensor) -> bool:
    """Whether integers are labels of several classes."""
    return y.ndim == output.ndim - 1 and output.shape[-1] != 1
