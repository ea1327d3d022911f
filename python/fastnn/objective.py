"""What a trainer minimises: the graph of a model, its loss and its metrics, for one kind of target."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fastnn import _core
from fastnn.data import Dataset
from fastnn.graph import Built, Structure
from fastnn.model import Model
from fastnn.ops.tensor import Tensor, in_layer

if TYPE_CHECKING:
    from fastnn._core import Rule

Loss = Callable[[Any, Any], Any]
Feeds = list[tuple[int, Any, float, float]]


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
    """

    def __init__(
        self,
        model: Model,
        loss_functions: Sequence[Loss],
        metrics: dict[str, Loss],
        rule: Rule,
        seed: int,
        y: Any,
    ) -> None:
        self.model = model
        self.rule = rule
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
        functions = list(loss_functions) * (len(pairs) if len(loss_functions) == 1 else 1)
        total: Any = None
        with in_layer(_Part("loss")):
            for function, (p, t) in zip(functions, pairs, strict=True):
                value = _scalar(function(p, t), "loss", function)
                total = value if total is None else total + value
        values = []
        for name, function in metrics.items():
            with in_layer(_Part(f"metric {name}")):
                values.append(_scalar(function(*pairs[0]), f"metric {name}", function))
        self._structure = Structure([*model.outputs, total, *values])
        first = model.leaves()
        self._built = Built(self._structure, model.dtype, first, model.frozen())
        self._loss = self._built[total]
        self._names = ["loss", *metrics]
        scalars = [self._built[v] for v in values]
        self.core = _core.Training(
            self._built.core, self._loss, scalars, rule, seed, model.theta, model.state_vector
        )
        self._inference = _core.Inference(
            self._built.core, [self._loss, *scalars], model.theta, model.state_vector
        )
        # Labels must be below the number of classes; a loss of one's own makes its own rules.
        self._classes = [
            p.shape[-1]
            if t.dtype == "int64" and getattr(f, "__module__", "").startswith("fastnn.ops")
            else None
            for f, (p, t) in zip(functions, pairs, strict=True)
        ]

    # -- targets -----------------------------------------------------------------------------------

    def _kinds_of(self, y: Any) -> list[tuple[str, tuple[int, ...]]]:
        outputs = self.model.outputs
        given = _parts(y)
        if len(given) != len(outputs):
            raise ValueError(
                f"Trainer: y must be {len(outputs)} arrays as the model has outputs, got {len(given)}"
            )
        return [self._kind(np.asarray(a), p) for a, p in zip(given, outputs, strict=True)]

    @staticmethod
    def _kind(a: Any, output: Tensor) -> tuple[str, tuple[int, ...]]:
        """dtype and shape of one target; a vector of N numbers for an output (N, 1) is (N, 1)."""
        if a.dtype.kind not in "fiub":
            raise TypeError(f"Trainer: y must hold numbers, got dtype {a.dtype}")
        if a.ndim == 1 and output.ndim == 2 and output.shape[1] == 1:
            return "float32", (1,)
        return ("float32" if a.dtype.kind == "f" else "int64"), a.shape[1:]

    def takes(self, y: Any) -> bool:
        """Whether these targets are of the kind this graph was built for."""
        return self._kinds_of(y) == self._kinds

    def carry_over(self, other: Objective) -> None:
        """Continue the optimiser of another objective of the same model."""
        self.restore(other.core.optimizer_states(), other.core.step_counter)

    def restore(self, states: Sequence[Any], steps: int) -> None:
        """Continue from saved optimiser states."""
        for mine, saved in zip(self.core.optimizer_states(), states, strict=True):
            mine[...] = saved
        self.core.step_counter = steps

    # -- feeding -----------------------------------------------------------------------------------

    def feeds(self, x: Any, y: Any, where: str) -> tuple[Feeds, int]:
        """One batch as the core reads it, and its rows."""
        feeds, rows, _ = self.model.feeds(x, where)
        feeds = [
            (self._built[t], *feed[1:]) for t, feed in zip(self.model.inputs, feeds, strict=True)
        ]
        for tensor, array, classes in zip(self.targets, _parts(y), self._classes, strict=True):
            real = self.model.dtype if tensor.dtype == "float32" else "int64"
            target = np.asarray(array, dtype=real, order="C").reshape(len(array), *tensor.shape[1:])
            if len(target) != rows:
                raise ValueError(f"{where}: y must have {rows} rows as x has, got {len(target)}")
            _check_labels(target, classes, where)
            if id(tensor) in self._built.ids:  # a loss of one's own need not read its target
                feeds.append((self._built[tensor], target, 1.0, 0.0))
        return feeds, rows

    def dataset_feeds(self, data: Dataset, where: str) -> Feeds:
        """The stored arrays of a data set as the core gathers from them."""
        inputs = self.model.dataset_feeds(data, where)
        feeds = [
            (self._built[t], *feed[1:]) for t, feed in zip(self.model.inputs, inputs, strict=True)
        ]
        for tensor, column, classes in zip(self.targets, data.targets, self._classes, strict=True):
            if classes is not None:
                _check_labels(column.rows(data.indices), classes, where)
            if id(tensor) in self._built.ids:
                feeds.append((self._built[tensor], column.array, column.scale, column.offset))
        return feeds

    # -- results -----------------------------------------------------------------------------------

    def evaluate_dataset(self, data: Dataset, batch_size: int) -> dict[str, float]:
        """Loss and metrics over a data set."""
        feeds = self.dataset_feeds(data, "Trainer.evaluate")
        means = self._inference.run(feeds, data.indices, len(data), batch_size)
        return self._results(means)

    def evaluate_batches(self, batches: Sequence[tuple[Feeds, int]]) -> dict[str, float]:
        """The same over batches, each weighted by its rows."""
        total = np.zeros(len(self._names))
        rows = 0
        for feeds, n in batches:
            total += np.array(self._inference.run(feeds, None, n, n)) * n
            rows += n
        return self._results(list(total / max(rows, 1)))

    def _results(self, means: Sequence[float]) -> dict[str, float]:
        results = dict(zip(self._names, map(float, means), strict=True))
        results["loss"] += self._penalty()
        return results

    def _penalty(self) -> float:
        l1, l2 = self.rule["l1"], self.rule["l2"]
        if not l1 and not l2:
            return 0.0
        weights = [w.astype(np.float64) for w in self.model.weights().values()]
        return float(sum(l1 * np.abs(w).sum() + 0.5 * l2 * np.square(w).sum() for w in weights))

    def explain(self, x: Any, y: Any, rows: Any, where: str, epoch: int, step: int) -> None:
        """Raise the error that says why a step was not finite; the weights are those before it."""
        for name, values in (("x", x), ("y", y)):
            for array in _parts(values):
                array = np.asarray(array)
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
            0, self.core.step_counter,
        )  # fmt: skip
        place = f"the {found[1]} of {found[0]}" if found else "the whole gradient"
        raise RuntimeError(
            f"{where}: loss and gradient must be finite, got NaN or infinity in {place} "
            f"(epoch {epoch + 1}, step {step + 1}); lower the learning rate or set clip_norm=1.0; "
            "the weights are those before that step"
        )

    def inspect(self, x: Any, y: Any) -> dict[str, Quantity]:
        """Every quantity of one batch by name; see ``Trainer.inspect``."""
        feeds, n = self.feeds(x, y, "Trainer.inspect")
        values = _core.inspect(
            self._built.core, [self._loss], self._loss, self.model.theta, self.model.state_vector,
            feeds, n, True, 0, self.core.step_counter,
        )  # fmt: skip
        named: dict[str, Tensor] = {t.name: t for t in [*self.model.inputs, *self.targets]}
        named |= dict(zip(self.model.parameters, self.model.structure.parameters, strict=True))
        for node in self._structure.nodes:
            for t in node.outputs:
                layer = getattr(node.layer, "name", None)
                base = f"{layer}.{node.op}" if layer else node.op
                named[base if base not in named else f"{base}_{len(named)}"] = t
        return {
            name: Quantity(*values[self._built[t]])
            for name, t in named.items()
            if self._built[t] in values
        }


class Quantity(NamedTuple):
    """One value of a forward run and the cost's gradient for it (None where none was needed)."""

    value: Any
    grad: Any


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


def _check_labels(labels: Any, classes: int | None, where: str) -> None:
    if classes is None or not labels.size or labels.dtype.kind == "f":
        return
    wrong = (labels < 0) | (labels >= classes)
    if wrong.any():
        row = int(wrong.reshape(len(labels), -1).any(1).argmax())
        value = int(labels.reshape(-1)[wrong.reshape(-1).argmax()])
        raise ValueError(
            f"{where}: y must hold labels in [0, {classes}) as the output has {classes} units, "
            f"got {value} in row {row}"
        )
