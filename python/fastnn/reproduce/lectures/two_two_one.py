"""The lecture's 2-2-1 network without biases ("Example"), and the slips of its slides."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn import nn, optim
from fastnn.model import Model
from fastnn.reproduce.lectures.comparison import Comparison
from fastnn.reproduce.report import agrees
from fastnn.trainer import Trainer

_FLAT = "printed with delta_5 w_53 as both hidden units' delta, without the slope f'(z)"
_SAME = (
    "the printed run took the same two numbers from both rows of W0, 0.0006691 and 0.1574746; by "
    "BP4 each row loses a multiple of x, so that its losses have the ratio 0.9 / 0.35, as ours have"
)


def two_two_one() -> Model:
    """The network of "Example", without biases."""
    layers = [
        nn.Dense(2, "sigmoid", False, [[0.1, 0.8], [0.4, 0.6]]),
        nn.Dense(1, "sigmoid", False, [[0.3, 0.9]]),
    ]
    return Model(layers, input_shape=(2,), dtype="float64")


def compare(table: Comparison) -> None:
    """Forward, backward, one step and 100 steps; the slide's slips."""
    table.begin("2-2-1")
    model = two_two_one()
    x, y = np.array([[0.35, 0.9]]), np.array([[0.5]])
    trainer = Trainer(model, "quadratic", optim.SGD(1.0))
    seen = trainer.inspect(x, y)
    z, a = seen["dense1.linear"].value[0], seen["dense1.sigmoid"].value[0]
    table.value("z3", "0.755", z[0])
    table.value("z4", "0.68", z[1])
    table.value("y3", "0.68", a[0])
    table.value("y4", "0.663", a[1])
    table.value("z5", "0.801", seen["dense2.linear"].value[0, 0])
    table.value("y5", "0.690", seen["dense2.sigmoid"].value[0, 0])
    cost = trainer.evaluate((x, y))["loss"]
    table.value("C", "0.01805", cost, (0.690 - 0.5) ** 2 / 2, "1/2 (0.690 - 0.5)^2")
    gradient = seen["dense2.weight"].grad[0]
    flat = (0.69 - 0.5) * 0.69 * (1 - 0.69)
    table.value("dC/dw53", "0.02763", gradient[0], flat * 0.68, "0.19 * 0.69 * 0.31 * 0.68")
    table.slip(
        "dC/dw54", "0.02711", gradient[1], agrees("0.02711", flat * 0.667),
        "printed with y4 = 0.667, where the slide itself has 0.663",
    )  # fmt: skip
    delta = float(seen["dense2.linear"].grad[0, 0])
    trainer.step(x, y)
    w0, w1 = model.parameters["dense1.weight"], model.parameters["dense2.weight"]
    wrong = np.array([[0.1, 0.8], [0.4, 0.6]]) - delta * 0.3 * x
    table.slip("w31 after 1 step", "0.096", w0[0, 0], agrees("0.096", wrong[0, 0]), _FLAT)
    table.value("w32 after 1 step", "0.798", w0[0, 1])
    table.slip("w41 after 1 step", "0.396", w0[1, 0], agrees("0.396", wrong[1, 0]), _FLAT)
    table.slip("w42 after 1 step", "0.589", w0[1, 1], agrees("0.589", wrong[1, 1]), _FLAT)
    table.shown("w53 after 1 step", w1[0, 0])
    table.shown("w54 after 1 step", w1[0, 1])
    cost = trainer.evaluate((x, y))["loss"]
    table.slip(
        "C after 1 step", "0.165", cost, agrees("0.165", 10 * cost), "the decimal point: 0.0165"
    )
    for _ in range(99):
        trainer.step(x, y)
    _compare_after_100(table, trainer, x, y)


def _compare_after_100(table: Comparison, trainer: Trainer, x: Any, y: Any) -> None:
    """The slide's last weights, which back-propagation does not give."""
    printed = [["0.0993309", "0.6425254"], ["0.3993309", "0.4425254"]]
    last = ["-0.30032342", "0.31508797"]
    rows = np.array(printed, dtype=np.float64)
    start = two_two_one().parameters["dense1.weight"]
    lost = start - rows
    w0, w1 = (trainer.model.parameters[f"dense{i}.weight"] for i in (1, 2))
    ours = start - w0
    same = bool(
        np.abs(lost - [0.0006691, 0.1574746]).max() < 1e-9
        and np.abs(ours[:, 1] / ours[:, 0] - 0.9 / 0.35).max() < 1e-9
    )
    cost = trainer.evaluate((x, y))["loss"]
    table.slip("C after 100 steps", "5.92e-07", cost, same, _SAME)
    for i, j in np.ndindex(2, 2):
        table.slip(f"w{i + 3}{j + 1} after 100 steps", printed[i][j], w0[i, j], same, _SAME)
    for j in (0, 1):
        table.slip(f"w5{j + 3} after 100 steps", last[j], w1[0, j], same, _SAME)
    other = two_two_one()
    other.parameters["dense1.weight"][...] = rows
    other.parameters["dense2.weight"][...] = [[float(w) for w in last]]
    table.shown("C of the printed weights", Trainer(other, "quadratic").evaluate((x, y))["loss"])
