"""What a trainer minimises: the graph of a model, its loss and its metrics, for one kind of target."""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fastnn import _core, feeds, losses
from fastnn.assembly import frozen
from fastnn.data import Dataset
from fastnn.feeds import cast, in_order
from fastnn.graph import Built, Structure
from fastnn.inspection import Quantity, by_name
from fastnn.model import Model
from fastnn.ops.tensor import Tensor, as_array, in_layer

if TYPE_CHECKING:
    from fastnn._core import Precision, Rule

Loss = Callable[[Any, Any], Any]
Feeds = list[tuple[int, Any, float, float]]

_CHECKED_AT_ONCE = 1 << 20  # numbers of a data set's targets


class _Part:
    """A name for the nodes of the loss and the metrics, for errors."""

    def __init__(self, where: str) -> None:
        self.where = where


class Objective:
    """Graph and training state of a model with its losses and metrics.

    Parameters
    ----------
    model : Model
    loss_functions : list of callable
        One, or one for each output (their values are added).
    metrics : dict of str to callable
        Computed from the first output and target.
    rule : dict
        Optimiser, penalties and clipping, as the core takes them.
    seed : int
        Decides dropout.
    y : array, or tuple of arrays
        Some targets: their kinds and shapes decide the graph.
    precision : {"float32", "bf16"}
        Of the products of a step; evaluation is in the model's own float type.
    """

    def __init__(
        self,
        model: Model,
        loss_functions: Sequence[Loss],
        metrics: dict[str, Loss],
        rule: Rule,
        seed: int,
        y: Any,
        precision: Precision = "float32",
    ) -> None:
        self.model = model
        self.rule = rule
        self.frozen = frozen(model.layers)
        self._seed = seed
        self._precision: Precision = precision
        self._functions = list(loss_functions) * (
            len(model.outputs) if len(loss_functions) == 1 else 1
        )
        for function, output in zip(self._functions, model.outputs, strict=True):
            losses.check_output(function, output)
        self._kinds = self._kinds_of(y)
        self.targets = [
            Tensor((None, *shape), dtype, name)
            for (dtype, shape), name in zip(
                self._kinds,
                ["y"] if len(self._kinds) == 1 else _numbered(len(self._kinds)),
                strict=True,
            )
        ]
        pairs = list(zip(model.outputs, self.targets, strict=True))
        total: Any = None
        with in_layer(_Part("loss")):
            for function, (p, t) in zip(self._functions, pairs, strict=True):
                value = _scalar(function(p, t), "loss", function)
                total = value if total is None else total + value
        values = []
        for name, function in metrics.items():
            with in_layer(_Part(f"metric {name}")):
                values.append(_scalar(function(*pairs[0]), f"metric {name}", function))
        self._structure = Structure([*model.outputs, total, *values])
        leaves = [*model.inputs, *model.structure.owned]
        self._built = Built(self._structure, model.dtype, leaves, self.frozen)
        self._loss = self._built[total]
        self._names = ["loss", *metrics]
        scalars = [self._built[v] for v in values]
        self.core = _core.Training(
            self._built.core, self._loss, scalars, rule, seed, model.theta, model.state_vector,
            precision,
        )  # fmt: skip
        self._inference = _core.Inference(
            self._built.core, [self._loss, *scalars], model.theta, model.state_vector
        )
        self._classes = [
            p.shape[-1] if losses.is_built_in(f) and t.dtype == "int64" and _labels(t, p) else None
            for f, (p, t) in zip(self._functions, pairs, strict=True)
        ]
        self._seen: weakref.ref[Dataset] | None = None  # whose targets were checked last

    # -- targets -----------------------------------------------------------------------------------

    def _kinds_of(self, y: Any) -> list[tuple[str, tuple[int, ...]]]:
        outputs = self.model.outputs
        given = self._by_output(y)
        if len(given) != len(outputs):
            raise ValueError(
                f"Trainer: y must be {len(outputs)} arrays as the model has outputs, got {len(given)}"
            )
        return [
            _kind(as_array(a, "Trainer", "y"), p, f)
            for a, p, f in zip(given, outputs, self._functions, strict=True)
        ]

    def _by_output(self, y: Any) -> tuple[Any, ...]:
        """Targets, or a data set's columns of them, in the order of the model's outputs."""
        return _parts(in_order(y, self.model.output_names, "Trainer", "y"))

    def takes(self, y: Any) -> bool:
        """Whether these targets are of the kind this graph was built for."""
        return self._kinds_of(y) == self._kinds

    def carry_over(self, other: Objective) -> None:
        """Continue the optimiser of another objective of the same model."""
        self.restore(other.core.optimizer_states(), other.core.step_counter)

    def restore(self, states: Sequence[Any], steps: int) -> None:
        """Continue from the states of an optimiser of this kind; what it did not have begins at 0
        (the velocity, where there was no momentum)."""
        for mine, saved in zip(self.core.optimizer_states(), states, strict=False):
            mine[...] = saved
        self.core.step_counter = steps

    # -- feeding -----------------------------------------------------------------------------------

    def feeds(self, x: Any, y: Any, where: str) -> tuple[Feeds, int]:
        """One batch as the core reads it, and its rows."""
        inputs = self.model.inputs
        fed, rows, _ = feeds.of(inputs, self.model.dtype, x, where)
        if not rows:
            raise ValueError(f"{where}: x must have at least 1 row, got 0")
        result = self._built.feeds(inputs, fed)
        columns = zip(self.targets, self._by_output(y), self._functions, self._classes, strict=True)
        for tensor, array, function, classes in columns:
            real = self.model.dtype if tensor.dtype == "float32" else "int64"
            given = as_array(array, "Trainer", "y")
            target = cast(given, real).reshape(len(given), *tensor.shape[1:])
            if len(target) != rows:
                raise ValueError(f"{where}: y must have {rows} rows as x has, got {len(target)}")
            losses.check_targets(function, target, classes, where)
            if id(tensor) in self._built.ids:  # a loss of one's own need not read its target
                result.append((self._built[tensor], target, 1.0, 0.0))
        return result, rows

    def dataset_feeds(self, data: Dataset, where: str) -> Feeds:
        """The stored arrays of a data set as the core gathers from them."""
        inputs = self.model.inputs
        result = self._built.feeds(inputs, feeds.of_dataset(inputs, data, where))
        for tensor, column in zip(self.targets, self._by_output(data.y_columns), strict=True):
            if id(tensor) in self._built.ids:
                result.append((self._built[tensor], column.array, column.scale, column.offset))
        return result

    def check_dataset(self, data: Dataset, where: str) -> None:
        """Raise unless a data set fits the model, and every target the loss; looked at once."""
        self.dataset_feeds(data, where)
        if self._seen is not None and self._seen() is data:
            return
        given = self._by_output(data.y_columns)
        columns = zip(self.targets, given, self._functions, self._classes, strict=True)
        for tensor, column, function, classes in columns:
            if not losses.is_built_in(function):
                continue
            rows = max(1, _CHECKED_AT_ONCE // max(1, column.array[:1].size))
            real = self.model.dtype if tensor.dtype == "float32" else "int64"
            for begin in range(0, len(data), rows):
                part = data.rows(np.arange(begin, min(begin + rows, len(data))))
                y = column.rows(part, real).reshape(len(part), *tensor.shape[1:])
                losses.check_targets(function, y, classes, where, begin)
        self._seen = weakref.ref(data)

    # -- results -----------------------------------------------------------------------------------

    def evaluate_dataset(self, data: Dataset, batch_size: int) -> dict[str, float]:
        """Loss and metrics over a data set."""
        feeds = self.dataset_feeds(data, "Trainer.evaluate")
        return self.results(self._inference.run(feeds, data.indices, len(data), batch_size))

    def sums(self, feeds: Feeds, rows: int) -> Any:
        """Loss and metrics of one batch, each times its rows."""
        return np.array(self._inference.run(feeds, None, rows, rows)) * rows

    def results(self, means: Sequence[float]) -> dict[str, float]:
        """Means by name, with the penalties in the loss."""
        results = dict(zip(self._names, map(float, means), strict=True))
        results["loss"] += self._penalty()
        return results

    def _penalty(self) -> float:
        l1, l2 = self.rule["l1"], self.rule["l2"]
        if not l1 and not l2:
            return 0.0
        weights = [w.astype(np.float64) for w in self.model.weights().values()]
        return float(sum(l1 * np.abs(w).sum() + 0.5 * l2 * np.square(w).sum() for w in weights))

    def check_weights(self, where: str, epoch: int, step: int) -> None:
        """Raise where an update made weights that are not finite, which nothing can take back."""
        if math.isfinite(_core.sum_of_squares(self.model.theta)):
            return
        kept = self.frozen
        names = [
            name
            for tensor, (name, w) in zip(
                self.model.structure.parameters, self.model.parameters.items(), strict=True
            )
            if id(tensor) not in kept and not np.isfinite(w).all()
        ]
        if names:  # the sum of squares may overflow where all is well
            raise RuntimeError(
                f"{where}: weights must be finite, got NaN or infinity in {', '.join(names)} "
                f"(epoch {epoch + 1}, after step {step}); an update overflowed and the weights are "
                "lost: begin anew or from a checkpoint with a lower learning rate"
            )

    def explain(self, x: Any, y: Any, rows: Any, where: str, epoch: int, step: int) -> None:
        """Raise the error that says why a step was not finite; the weights are those before it."""
        self.check_weights(where, epoch, step)
        for name, values in (("x", x), ("y", y)):
            for array in _parts(values):
                array = np.asarray(array)
                if array.dtype.kind == "f":
                    array = cast(array, self.model.dtype)
                if array.dtype.kind == "f" and not np.isfinite(array).all():
                    row = int(np.argwhere(~np.isfinite(array.reshape(len(array), -1)).all(1))[0, 0])
                    raise ValueError(
                        f"{where}: {name} must be finite, got NaN or infinity in row "
                        f"{row if rows is None else int(rows[row])} (epoch {epoch + 1}, "
                        f"step {step + 1}); the weights are those before that step"
                    )
        feeds, n = self.feeds(x, y, where)
        found = _core.find_not_finite(
            self._built.core, self._loss, self.model.theta, self.model.state_vector, feeds, n,
            self._seed, self.core.step_counter, self._precision,
        )  # fmt: skip
        place = f"the {found[1]} of {found[0]}" if found else "the whole gradient"
        raise RuntimeError(
            f"{where}: loss and gradient must be finite, got NaN or infinity in {place} "
            f"(epoch {epoch + 1}, step {step + 1}); {self._odd_labels(y, rows)}lower the learning rate "
            "or set clip_norm=1.0; the weights are those before that step"
        )

    def _odd_labels(self, y: Any, rows: Any) -> str:
        """Labels that no output has, in words: a loss of one's own may have made NaN of them."""
        for target, output, given in zip(
            self.targets, self.model.outputs, self._by_output(y), strict=True
        ):
            if target.dtype != "int64" or not _labels(target, output):
                continue
            labels, classes = np.asarray(given).reshape(len(given), -1), output.shape[-1]
            wrong = (labels < 0) | (labels >= classes)
            if wrong.any():
                row = int(wrong.any(1).argmax())
                return (
                    f"look at y, which has label {labels[wrong][0]} in row "
                    f"{row if rows is None else int(rows[row])} for an output of {classes} units, or "
                )
        return ""

    def inspect(self, x: Any, y: Any) -> dict[str, Quantity]:
        """Every quantity of one batch by name; see ``Trainer.inspect``."""
        feeds, n = self.feeds(x, y, "Trainer.inspect")
        values = _core.inspect(
            self._built.core, [self._loss], self._loss, self.model.theta, self.model.state_vector,
            feeds, n, True, self._seed, self.core.step_counter, False, self._precision,
        )  # fmt: skip
        named = by_name(self.model, self._structure, self.targets)
        return {
            name: Quantity(*values[self._built[t]])
            for name, t in named.items()
            if self._built[t] in values
        }


def name_of(metric: Any) -> str:
    """A metric's name in logs and history."""
    return metric if isinstance(metric, str) else getattr(metric, "__name__", type(metric).__name__)


def _parts(y: Any) -> tuple[Any, ...]:
    if y is None:
        raise ValueError("Trainer: y must be given, got data without targets")
    if isinstance(y, dict):
        return tuple(y.values())
    return y if isinstance(y, tuple) else (y,)


def _numbered(n: int) -> list[str]:
    return [f"y{i + 1}" for i in range(n)]


def _scalar(value: Any, name: str, function: Any) -> Any:
    if isinstance(value, tuple) and value and isinstance(value[0], Tensor):
        value = value[0]
    if not isinstance(value, Tensor) or value.shape != ():
        raise ValueError(
            f"Trainer: {name} must be a function that gives a tensor of shape (), "
            f"got {value!r} from {name_of(function)}"
        )
    return value


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
