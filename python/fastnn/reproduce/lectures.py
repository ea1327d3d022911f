"""The lectures' worked examples, each printed digit compared with what the library computes."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn import nn, ops, optim
from fastnn.model import Input, Model
from fastnn.reproduce.report import Options, Report, System, agrees
from fastnn.trainer import Trainer


class Comparison:
    """Rows of the report, and the numbered reasons of what differs."""

    def __init__(self) -> None:
        self.report = Report(["quantity", "lecture", "ours", "result", "why"])
        self._example = ""

    def begin(self, example: str) -> None:
        """What the quantities to come belong to."""
        self._example = example

    def value(
        self, quantity: str, printed: str, ours: Any, rounded: float | None = None, how: str = ""
    ) -> None:
        """A printed number. ``rounded`` is what the lecture's own rounded figures give, by ``how``."""
        result, why = ("ok", "") if agrees(printed, ours) else ("short", "")
        if result == "short" and rounded is not None and agrees(printed, rounded):
            result, why = "rounded", f"the lecture goes on with rounded figures: {how}"
        self._add(quantity, printed, float(ours), result, why)

    def slip(self, quantity: str, printed: str, ours: Any, explained: bool, why: str) -> None:
        """A number that the lecture got wrong; ``explained``: whether the reason was checked."""
        self._add(quantity, printed, float(ours), "slip" if explained else "short", why)

    def shown(self, quantity: str, ours: Any) -> None:
        """A number that the lecture does not print."""
        self._add(quantity, "", float(ours), "ok", "not printed")

    def law(self, quantity: str, left: Any, right: Any) -> None:
        """An equation between quantities."""
        difference = float(np.abs(np.asarray(left) - np.asarray(right)).max())
        result = "ok" if difference <= 1e-15 else "short"
        self._add(quantity, "", difference, result, "largest difference of the two sides")

    def _add(self, quantity: str, printed: str, ours: float, result: str, why: str) -> None:
        self.report.rows.append(
            {
                "quantity": f"{self._example}: {quantity}",
                "lecture": printed,
                "ours": ours,
                "result": result,
                "why": why,
            }
        )


class Bias(nn.Layer):
    """Adds a value that training leaves as it is."""

    def __init__(self, value: float, name: str) -> None:
        super().__init__(name)
        self.value = value
        self.trainable = False

    def build(self, *inputs: Any) -> None:
        """One value for each unit."""
        self.bias = self.parameter("bias", (inputs[0].shape[-1],), self.value, weight=False)

    def forward(self, *inputs: Any) -> Any:
        """The sum."""
        return inputs[0] + self.bias


def two_two_two() -> Model:
    """The network of "Step 0" to "Step 3": w1..w8, biases 0.3 and 0.2 that are not updated."""
    x = Input((2,))
    net_h = Bias(0.3, "net_h")(nn.Dense(2, None, False, [[0.1, 0.2], [0.3, 0.4]], name="w_h")(x))
    out_h = nn.Activation("sigmoid", "out_h")(net_h)
    net_o = Bias(0.2, "net_o")(
        nn.Dense(2, None, False, [[0.2, 0.3], [0.1, 0.2]], name="w_o")(out_h)
    )
    return Model(x, nn.Activation("sigmoid", "out_o")(net_o), dtype="float64")


def two_two_one() -> Model:
    """The network of "Example", without biases."""
    layers = [
        nn.Dense(2, "sigmoid", False, [[0.1, 0.8], [0.4, 0.6]]),
        nn.Dense(1, "sigmoid", False, [[0.3, 0.9]]),
    ]
    return Model(layers, input_shape=(2,), dtype="float64")


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


def slope(z: Any) -> float:
    """The derivative of the sigmoid, by its own backward kernel."""
    return float(ops.vjp("sigmoid", np.array([float(z)]), dy=np.array([1.0]))[0][0])


def cost_of_one(unit: int) -> Any:
    """The quadratic cost of one output alone."""
    mask = np.eye(2)[unit]
    return lambda p, t: ops.quadratic(p * mask, t * mask)


def compare_two_two_two(compare: Comparison) -> None:
    """Forward, backward, one step and 10000 steps."""
    compare.begin("2-2-2")
    model = two_two_two()
    x, y = np.array([[0.02, 0.7]]), np.array([[0.0, 1.0]])
    trainer = Trainer(model, "quadratic", optim.SGD(0.5))
    seen = trainer.inspect(x, y)
    net_h, out_h, net_o, out_o = (
        seen[n].value[0] for n in ("net_h.add", "out_h.sigmoid", "net_o.add", "out_o.sigmoid")
    )
    compare.value("net_h1", "0.442", net_h[0])
    compare.value("net_h2", "0.586", net_h[1])
    compare.value("out_h1", "0.608", out_h[0])
    compare.value("out_h2", "0.642", out_h[1])
    compare.value("net_o1", "0.514", net_o[0])
    compare.value("out_o1", "0.625", out_o[0])
    compare.value("out_o1, more digits", "0.62586", out_o[0])
    compare.value("net_o2", "0.389", net_o[1])
    compare.value("out_o2", "0.596", out_o[1])
    compare.value("out_o2, more digits", "0.59613", out_o[1])

    parts = [Trainer(model, cost_of_one(i)).inspect(x, y) for i in (0, 1)]
    costs = [float(ops.quadratic(out_o[None, i : i + 1], y[:, i : i + 1])) for i in (0, 1)]
    compare.value("E_o1", "0.195", costs[0])
    compare.value("E_o1, more digits", "0.19585", costs[0])
    compare.value("E_o2", "0.081", costs[1])
    compare.value(
        "E_o2, more digits", "0.08156", costs[1], (1 - 0.59613) ** 2 / 2, "1/2 (1 - 0.59613)^2"
    )
    compare.value("E_total", "0.277", sum(costs))
    compare.value(
        "E_total, more digits", "0.27741", sum(costs), 0.19585 + 0.08156, "0.19585 + 0.08156"
    )

    compare.value("dE/dout_o1", "0.625", seen["out_o.sigmoid"].grad[0, 0])
    compare.value("dout_o1/dnet_o1", "0.234", slope(net_o[0]))
    compare.value("dE_o1/dout_h1", "0.029", parts[0]["out_h.sigmoid"].grad[0, 0])
    compare.value("dE_o1/dout_h1, more digits", "0.02931", parts[0]["out_h.sigmoid"].grad[0, 0])
    compare.value("dE/dout_o2", "-0.403", seen["out_o.sigmoid"].grad[0, 1])
    compare.value("dout_o2/dnet_o2", "0.240", slope(net_o[1]))
    compare.value("dE_o2/dout_h1", "-0.009", parts[1]["out_h.sigmoid"].grad[0, 0])
    compare.value("dE_o2/dout_h1, more digits", "-0.00972", parts[1]["out_h.sigmoid"].grad[0, 0])
    compare.value("dE/dout_h1", "0.019", seen["out_h.sigmoid"].grad[0, 0])
    compare.value("dout_h1/dnet_h1", "0.238", slope(net_h[0]))
    compare.value("dnet_h1/dw1", "0.020", seen["x"].value[0, 0])
    compare.value("dE/dw1", "0.00009", seen["w_h.weight"].grad[0, 0])

    trainer.step(x, y)
    compare.value("w1 after 1 step", "0.099", model.parameters["w_h.weight"][0, 0])
    compare.value("E after 1 step", "0.265", trainer.evaluate((x, y))["loss"])
    for _ in range(9999):
        trainer.step(x, y)
    compare.value("E after 10000 steps", "0.0000636", trainer.evaluate((x, y))["loss"])
    final = model.predict(x)[0]
    compare.value("out_o1 after 10000 steps", "0.008", final[0])
    compare.value("out_o2 after 10000 steps", "0.991", final[1])
    compare.law("the biases stay 0.3 and 0.2", model.parameters["net_h.bias"] - 0.1, 0.2)


_FLAT = "printed with delta_5 w_53, which leaves out w_54 and the slope f'(z) of the hidden unit"
_SAME = (
    "the printed run took the same two numbers from both rows of W0; by BP4 row i loses delta_i x, "
    "so that the rows and their entries keep the ratios delta_3 : delta_4 and 0.35 : 0.9"
)


def compare_two_two_one(compare: Comparison) -> None:
    """Forward, backward, one step and 100 steps; the slide's slips."""
    compare.begin("2-2-1")
    model = two_two_one()
    x, y = np.array([[0.35, 0.9]]), np.array([[0.5]])
    trainer = Trainer(model, "quadratic", optim.SGD(1.0))
    seen = trainer.inspect(x, y)
    z, a = seen["dense1.linear"].value[0], seen["dense1.sigmoid"].value[0]
    compare.value("z3", "0.755", z[0])
    compare.value("z4", "0.68", z[1])
    compare.value("y3", "0.68", a[0])
    compare.value("y4", "0.663", a[1])
    compare.value("z5", "0.801", seen["dense2.linear"].value[0, 0])
    compare.value("y5", "0.690", seen["dense2.sigmoid"].value[0, 0])
    cost = trainer.evaluate((x, y))["loss"]
    compare.value("C", "0.01805", cost, (0.690 - 0.5) ** 2 / 2, "1/2 (0.690 - 0.5)^2")
    gradient = seen["dense2.weight"].grad[0]
    flat = (0.69 - 0.5) * 0.69 * (1 - 0.69)
    compare.value("dC/dw53", "0.02763", gradient[0], flat * 0.68, "0.19 * 0.69 * 0.31 * 0.68")
    compare.slip(
        "dC/dw54", "0.02711", gradient[1], agrees("0.02711", flat * 0.667),
        "printed with y4 = 0.667, where the slide itself has 0.663",
    )  # fmt: skip
    delta = float(seen["dense2.linear"].grad[0, 0])
    trainer.step(x, y)
    w0, w1 = model.parameters["dense1.weight"], model.parameters["dense2.weight"]
    wrong = np.array([[0.1, 0.8], [0.4, 0.6]]) - delta * 0.3 * x
    compare.slip("w31 after 1 step", "0.096", w0[0, 0], agrees("0.096", wrong[0, 0]), _FLAT)
    compare.value("w32 after 1 step", "0.798", w0[0, 1])
    compare.slip("w41 after 1 step", "0.396", w0[1, 0], agrees("0.396", wrong[1, 0]), _FLAT)
    compare.slip("w42 after 1 step", "0.589", w0[1, 1], agrees("0.589", wrong[1, 1]), _FLAT)
    compare.shown("w53 after 1 step", w1[0, 0])
    compare.shown("w54 after 1 step", w1[0, 1])
    cost = trainer.evaluate((x, y))["loss"]
    compare.slip(
        "C after 1 step", "0.165", cost, agrees("0.165", 10 * cost), "the decimal point: 0.0165"
    )
    for _ in range(99):
        trainer.step(x, y)
    _compare_after_100(compare, trainer, x, y)


def _compare_after_100(compare: Comparison, trainer: Trainer, x: Any, y: Any) -> None:
    """The slide's last weights, which back-propagation does not give."""
    printed = [["0.0993309", "0.6425254"], ["0.3993309", "0.4425254"]]
    last = ["-0.30032342", "0.31508797"]
    rows = np.array(printed, dtype=np.float64)
    lost = np.array([[0.1, 0.8], [0.4, 0.6]]) - rows
    same = bool(np.abs(lost[0] - lost[1]).max() < 1e-9 and lost[0, 1] / lost[0, 0] > 100)
    w0, w1 = (trainer.model.parameters[f"dense{i}.weight"] for i in (1, 2))
    cost = trainer.evaluate((x, y))["loss"]
    compare.slip("C after 100 steps", "5.92e-07", cost, same, _SAME)
    for i, j in np.ndindex(2, 2):
        compare.slip(f"w{i + 3}{j + 1} after 100 steps", printed[i][j], w0[i, j], same, _SAME)
    for j in (0, 1):
        compare.slip(f"w5{j + 3} after 100 steps", last[j], w1[0, j], same, _SAME)
    other = two_two_one()
    other.parameters["dense1.weight"][...] = rows
    other.parameters["dense2.weight"][...] = [[float(w) for w in last]]
    compare.shown("C of the printed weights", Trainer(other, "quadratic").evaluate((x, y))["loss"])


def compare_graph(compare: Comparison) -> None:
    """The derivatives of e = (a + b)(b + 1) at a = 2, b = 1, by the graph's reverse pass."""
    compare.begin("e = (a + b)(b + 1)")
    x = Input((1,))
    model = Model(x, x * Graph("graph")(x), dtype="float64")
    one = np.ones((1, 1))
    trainer = Trainer(model, lambda e, t: ops.sum(e * t))  # de/de = 1
    seen = trainer.inspect(one, one)
    c, d, e = (q for name, q in seen.items() if name.startswith(("graph.add", "graph.mul")))
    compare.shown("c = a + b", c.value[0])
    compare.shown("d = b + 1", d.value[0])
    compare.shown("e = c d", e.value[0])
    compare.shown("de/dc", c.grad[0])
    compare.shown("de/dd", d.grad[0])
    compare.value("de/da", "2", seen["graph.a"].grad[0])
    compare.value("de/db, over both paths", "5", seen["graph.b"].grad[0])
    steps = sum(getattr(node.layer, "name", None) == "graph" for node in model.structure.nodes)
    compare.value("ops of the reverse pass, each visited once", "3", steps)


def compare_sigmoid(compare: Comparison) -> None:
    """The sigmoid's figures, and that it does not change which is largest."""
    compare.begin("sigmoid")
    z = np.array([1.0, 10.0, 2.0])
    a = ops.sigmoid(z)
    for zi, ai, printed in zip(z, a, ("0.73106", "0.99995", "0.88080"), strict=True):
        compare.value(f"sigmoid({zi:g})", printed, ai)
    compare.value("arg-max, before and after", str(int(z.argmax())), int(a.argmax()))


def compare_formulas(compare: Comparison) -> None:
    """Formulas of the lectures that hold slips."""
    compare.begin("formulas")
    z = np.array([1.0])
    up, down = np.exp(z), np.exp(-z)
    tanh = float(ops.tanh(z)[0])
    compare.slip(
        "tanh(1), by (e^z - e^z) / (e^z + e^z)", "0", tanh, bool(((up - up) / (up + up) == 0).all()),
        "the second e^z must be e^-z; as printed it is 0 everywhere",
    )  # fmt: skip
    named = (1 - down**2) / (1 + down**2)
    compare.slip(
        '"sigmoid(x) = (1 - e^-2x) / (1 + e^-2x)" at 1', "0.76159", float(ops.sigmoid(z)[0]),
        abs(float(named[0]) - tanh) < 1e-15, "the formula is that of tanh",
    )  # fmt: skip
    p, label = np.array([[0.9]]), np.array([[1.0]])
    with np.errstate(divide="ignore"):
        swapped = -(p * np.log(label) + (1 - p) * np.log(1 - label))
    compare.slip(
        'cross-entropy of 0.9 for 1, with "y: prediction, a: label"', "Infinity",
        float(ops.binary_cross_entropy(p, label)), bool(np.isinf(swapped).all()),
        "y is the label and a the prediction; swapped, a label of 0 or 1 costs infinity",
    )  # fmt: skip


def compare_back_propagation(compare: Comparison) -> None:
    """BP1 to BP4, every quantity by its name; and the delta of the other sign."""
    compare.begin("back-propagation")
    layers = [
        nn.Dense(2, "sigmoid", True, [[0.1, 0.2], [0.3, 0.4]], 0.3),
        nn.Dense(2, "sigmoid", True, [[0.2, 0.3], [0.1, 0.2]], 0.2),
    ]
    model = Model(layers, input_shape=(2,), dtype="float64")
    x, y = np.array([[0.02, 0.7]]), np.array([[0.0, 1.0]])
    trainer = Trainer(model, "quadratic", optim.SGD(0.5))
    seen = trainer.inspect(x, y)
    delta = {i: seen[f"dense{i}.linear"].grad for i in (1, 2)}
    slopes = {i: np.array([[slope(v) for v in seen[f"dense{i}.linear"].value[0]]]) for i in (1, 2)}
    compare.law(
        "BP1: delta^L = grad_a C * s'(z^L)", delta[2], seen["dense2.sigmoid"].grad * slopes[2]
    )
    back = delta[2] @ seen["dense2.weight"].value
    compare.law("BP2: delta^l = (w^(l+1)T delta^(l+1)) * s'(z^l)", delta[1], back * slopes[1])
    inputs = {1: x, 2: seen["dense1.sigmoid"].value}
    before = {i: model.parameters[f"dense{i}.weight"].copy() for i in (1, 2)}
    for i in (1, 2):
        compare.law(f"BP3: dC/db^{i} = delta^{i}", seen[f"dense{i}.bias"].grad, delta[i][0])
    for i in (1, 2):
        outer = delta[i].T @ inputs[i]
        compare.law(f"BP4: dC/dw^{i} = a^{i - 1} delta^{i}", seen[f"dense{i}.weight"].grad, outer)
    trainer.step(x, y)
    for i in (1, 2):
        change = model.parameters[f"dense{i}.weight"] - before[i]
        mine = 0.5 * -delta[i].T @ inputs[i]
        compare.law(f"with delta = -dJ/dz: change of w^{i} = alpha delta h", change, mine)


def run(options: Options) -> Report:
    """Compare every example.

    Parameters
    ----------
    options : Options
        Not used: the examples need no data.

    Returns
    -------
    Report

    Examples
    --------
    >>> run(Options()).passed
    True
    """
    compare = Comparison()
    compare_two_two_two(compare)
    compare_two_two_one(compare)
    compare_graph(compare)
    compare_sigmoid(compare)
    compare_formulas(compare)
    compare_back_propagation(compare)
    report = compare.report
    counts = {
        r: sum(row["result"] == r for row in report.rows)
        for r in ("ok", "rounded", "slip", "short")
    }
    report.notes.append(
        f"{counts['ok']} as printed (rounded or cut off), {counts['rounded']} differ because the lecture "
        f"rounds on the way, {counts['slip']} slips of the lecture explained, {counts['short']} short"
    )
    return report


SYSTEM = System("lectures", "The lectures' worked examples, to the printed digit", "1 s", run)
