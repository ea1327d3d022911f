"""What a trainer minimises: the graph of a model, its loss and its metrics, for one kind of target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fastnn import _core, feeds, losses
from fastnn.assembly import check_objective, frozen
from fastnn.data import Dataset
from fastnn.graph import Built, Feed, Structure
from fastnn.inspection import Quantity, by_name
from fastnn.model import Model
from fastnn.ops.tensor import Tensor, in_layer
from fastnn.targets import Loss, Targets

if TYPE_CHECKING:
    from fastnn._core import Precision, Rule

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
        self.frozen = frozen(model.structure, model.layers)
        self._seed = seed
        self._precision: Precision = precision
        functions = list(loss_functions) * (len(model.outputs) if len(loss_functions) == 1 else 1)
        for function, output in zip(functions, model.outputs, strict=True):
            losses.check_output(function, output)
        self._functions = functions
        self.targets = Targets(model.outputs, model.output_names, model.dtype, functions, y)
        pairs = list(zip(model.outputs, self.targets.tensors, strict=True))
        total: Any = None
        with in_layer(_Part("loss")):
            for function, (p, t) in zip(functions, pairs, strict=True):
                value = _scalar(function(p, t), "loss", function)
                total = value if total is None else total + value
        values = []
        for name, function in metrics.items():
            with in_layer(_Part(f"metric {name}")):
                values.append(_scalar(function(*pairs[0]), f"metric {name}", function))
        self._structure = Structure([*model.outputs, total, *values], model.structure.updates)
        check_objective(self._structure, model.structure, [*model.inputs, *self.targets.tensors])
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

    # -- going on ----------------------------------------------------------------------------------

    def takes(self, y: Any) -> bool:
        """Whether these targets are of the kind this graph was built for."""
        return self.targets.takes(y)

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
        inputs, rows, _ = feeds.of(self.model.inputs, self.model.dtype, x, where)
        if not rows:
            raise ValueError(f"{where}: x must have at least 1 row, got 0")
        return self._with_ids(inputs, self.targets.feeds(y, rows, where)), rows

    def dataset_feeds(self, data: Dataset, where: str) -> Feeds:
        """The stored arrays of a data set as the core gathers from them."""
        inputs = feeds.of_dataset(self.model.inputs, data, where)
        return self._with_ids(inputs, self.targets.of_dataset(data))

    def _with_ids(self, inputs: Sequence[Feed], targets: Sequence[Feed]) -> Feeds:
        tensors = [*self.model.inputs, *self.targets.tensors]
        return self._built.feeds(tensors, [*inputs, *targets])

    def check_dataset(self, data: Dataset, where: str) -> None:
        """Raise unless a data set fits the model, and every target the loss."""
        self.dataset_feeds(data, where)
        self.targets.check_dataset(data, where)

    # -- results -----------------------------------------------------------------------------------

    def evaluate_dataset(self, data: Dataset, batch_size: int) -> dict[str, float]:
        """Loss and metrics over a data set."""
        fed = self.dataset_feeds(data, "Trainer.evaluate")
        return self.results(self._inference.run(fed, data.indices, len(data), batch_size))

    def sums(self, fed: Feeds, rows: int) -> Any:
        """Loss and metrics of one batch, each times its rows."""
        return np.array(self._inference.run(fed, None, rows, rows)) * rows

    def results(self, means: Sequence[float]) -> dict[str, float]:
        """Means by name, with the penalties in the loss."""
        results = dict(zip(self._names, map(float, means), strict=True))
        results["loss"] += self._penalty()
        return results

    def _penalty(self) -> float:
        l1, l2 = self.rule["l1"], self.rule["l2"]
        if not l1 and not l2:
            return 0.0
        tensors = zip(self.model.parameters, self.model.structure.parameters, strict=True)
        kept = {name for name, tensor in tensors if id(tensor) in self.frozen}
        named = self.model.weights().items()
        weights = [w.astype(np.float64) for name, w in named if name not in kept]
        return float(sum(l1 * np.abs(w).sum() + 0.5 * l2 * np.square(w).sum() for w in weights))

    def find_not_finite(self, x: Any, y: Any, where: str) -> tuple[str, str] | None:
        """Layer and value that are not finite first, by the step that comes; None in none."""
        fed, rows = self.feeds(x, y, where)
        return _core.find_not_finite(
            self._built.core, self._loss, self.model.theta, self.model.state_vector, fed, rows,
            self._seed, self.core.step_counter, self._precision,
        )  # fmt: skip

    def no_probability(self, x: Any, y: Any) -> tuple[str, float] | None:
        """A cost that is of probabilities, and the output least like one that the step that comes
        gives it; None where all are in [0, 1]."""
        values = self._inspect(x, y, "Trainer.fit")
        for function, output in zip(self._functions, self.model.outputs, strict=True):
            if losses.wants_probabilities(function):
                p = values[self._built[output]][0]
                worst = float(p.flat[np.abs(p - 0.5).argmax()])
                if not -1e-3 <= worst <= 1 + 1e-3:  # what the cost takes for rounding
                    return name_of(function), worst
        return None

    def _inspect(self, x: Any, y: Any, where: str) -> dict[int, tuple[Any, Any]]:
        fed, rows = self.feeds(x, y, where)
        return _core.inspect(
            self._built.core, [self._loss], self._loss, self.model.theta, self.model.state_vector,
            fed, rows, True, self._seed, self.core.step_counter, False, self._precision,
        )  # fmt: skip

    def inspect(self, x: Any, y: Any) -> dict[str, Quantity]:
        """Every quantity of one batch by name; see ``Trainer.inspect``."""
        values = self._inspect(x, y, "Trainer.inspect")
        read = [t for t in self.targets.tensors if id(t) in self._built.ids]
        named = by_name(self.model, self._structure, read)
        return {
            name: Quantity(*values[self._built[t]])
            for name, t in named.items()
            if self._built[t] in values
        }


def name_of(metric: Any) -> str:
    """A metric's name in logs and history."""
    return metric if isinstance(metric, str) else getattr(metric, "__name__", type(metric).__name__)


def _scalar(value: Any, name: str, function: Any) -> Any:
    if isinstance(value, tuple) and value and isinstance(value[0], Tensor):
        value = value[0]
    if not isinstance(value, Tensor) or value.shape != ():
        raise ValueError(
            f"Trainer: {name} must be a function that gives a tensor of shape (), "
            f"got {value!r} from {name_of(function)}"
        )
    return value
