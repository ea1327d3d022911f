"""The computational graph, the sigmoid's figures, and formulas that hold slips."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn import nn, ops
from fastnn.assembly import Input
from fastnn.model import Model
from fastnn.reproduce.lectures.comparison import Comparison
from fastnn.trainer import Trainer


class Graph(nn.Layer):
    """The computational graph c = a + b, d = b + 1, e = c d, at a = 2, b = 1."""

    def build(self, *inputs: Any) -> None:
        """The leaves."""
        self.a = self.parameter("a", (1,), 2.0)
        self.b = self.parameter("b", (1,), 1.0)

    def forward(self, *inputs: Any) -> Any:
        """e; the input has no part in it."""
        c = self.a + self.b
        d = self.b + 1.0
        return c * d


def compare_graph(table: Comparison) -> None:
    """The derivatives of e = (a + b)(b + 1) at a = 2, b = 1, by the graph's reverse pass."""
    table.begin("e = (a + b)(b + 1)")
    x = Input((1,))
    model = Model(x, x * Graph("graph")(x), dtype="float64")
    one = np.ones((1, 1))
    trainer = Trainer(model, lambda e, t: ops.sum(e * t))  # de/de = 1
    seen = trainer.inspect(one, one)
    c, d, e = (q for name, q in seen.items() if name.startswith(("graph.add", "graph.mul")))
    table.shown("c = a + b", c.value[0])
    table.shown("d = b + 1", d.value[0])
    table.shown("e = c d", e.value[0])
    table.shown("de/dc", c.grad[0])
    table.shown("de/dd", d.grad[0])
    table.value("de/da", "2", seen["graph.a"].grad[0])
    table.value("de/db, over both paths", "5", seen["graph.b"].grad[0])
    steps = sum(getattr(node.layer, "name", None) == "graph" for node in model.structure.nodes)
    table.value("ops of the reverse pass, each visited once", "3", steps)


def compare_sigmoid(table: Comparison) -> None:
    """The sigmoid's figures, and that it does not change which is largest."""
    table.begin("sigmoid")
    z = np.array([1.0, 10.0, 2.0])
    a = ops.sigmoid(z)
    for zi, ai, printed in zip(z, a, ("0.73106", "0.99995", "0.88080"), strict=True):
        table.value(f"sigmoid({zi:g})", printed, ai)
    table.value("arg-max, before and after", str(int(z.argmax())), int(a.argmax()))


def compare_slips(table: Comparison) -> None:
    """Formulas of the lectures that hold slips."""
    table.begin("formulas")
    z = np.array([1.0])
    up, down = np.exp(z), np.exp(-z)
    tanh = float(ops.tanh(z)[0])
    table.slip(
        "tanh(1), by (e^z - e^z) / (e^z + e^z)", "0", tanh, bool((up - up == 0).all()),
        "the second e^z must be e^-z; as printed it is 0 everywhere",
    )  # fmt: skip
    named = (1 - down**2) / (1 + down**2)
    table.slip(
        '"sigmoid(x) = (1 - e^-2x) / (1 + e^-2x)" at 1', "0.76159", float(ops.sigmoid(z)[0]),
        abs(float(named[0]) - tanh) < 1e-15, "the formula is that of tanh",
    )  # fmt: skip
    p, label = np.array([[0.9]]), np.array([[1.0]])
    with np.errstate(divide="ignore"):
        swapped = -(p * np.log(label) + (1 - p) * np.log(1 - label))
    table.slip(
        'cross-entropy of 0.9 for 1, with "y: prediction, a: label"', "Infinity",
        float(ops.binary_cross_entropy(p, label)), bool(np.isinf(swapped).all()),
        "y is the label and a the prediction; swapped, a label of 0 or 1 costs infinity",
    )  # fmt: skip
