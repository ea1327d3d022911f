"""The lecture's 2-2-2 network with biases ("Step 0" to "Step 3"), inputs 0.02 and 0.7."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn import nn, ops, optim
from fastnn.assembly import Input
from fastnn.model import Model
from fastnn.reproduce.lectures.comparison import Comparison, slope
from fastnn.trainer import Trainer


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


def cost_of_one(unit: int) -> Any:
    """The quadratic cost of one output alone."""
    mask = np.eye(2)[unit]
    return lambda p, t: ops.quadratic(p * mask, t * mask)


def compare(table: Comparison) -> None:
    """Forward, backward, one step and 10000 steps."""
    table.begin("2-2-2")
    model = two_two_two()
    x, y = np.array([[0.02, 0.7]]), np.array([[0.0, 1.0]])
    trainer = Trainer(model, "quadratic", optim.SGD(0.5))
    seen = trainer.inspect(x, y)
    net_h, out_h, net_o, out_o = (
        seen[n].value[0] for n in ("net_h.add", "out_h.sigmoid", "net_o.add", "out_o.sigmoid")
    )
    table.value("net_h1", "0.442", net_h[0])
    table.value("net_h2", "0.586", net_h[1])
    table.value("out_h1", "0.608", out_h[0])
    table.value("out_h2", "0.642", out_h[1])
    table.value("net_o1", "0.514", net_o[0])
    table.value("out_o1", "0.625", out_o[0])
    table.value("out_o1, more digits", "0.62586", out_o[0])
    table.value("net_o2", "0.389", net_o[1])
    table.value("out_o2", "0.596", out_o[1])
    table.value("out_o2, more digits", "0.59613", out_o[1])

    parts = [Trainer(model, cost_of_one(i)).inspect(x, y) for i in (0, 1)]
    costs = [float(ops.quadratic(out_o[None, i : i + 1], y[:, i : i + 1])) for i in (0, 1)]
    table.value("E_o1", "0.195", costs[0])
    table.value("E_o1, more digits", "0.19585", costs[0])
    table.value("E_o2", "0.081", costs[1])
    table.value(
        "E_o2, more digits", "0.08156", costs[1], (1 - 0.59613) ** 2 / 2, "1/2 (1 - 0.59613)^2"
    )
    table.value("E_total", "0.277", sum(costs))
    table.value(
        "E_total, more digits", "0.27741", sum(costs), 0.19585 + 0.08156, "0.19585 + 0.08156"
    )

    table.value("dE/dout_o1", "0.625", seen["out_o.sigmoid"].grad[0, 0])
    table.value("dout_o1/dnet_o1", "0.234", slope(net_o[0]))
    table.value("dE_o1/dout_h1", "0.029", parts[0]["out_h.sigmoid"].grad[0, 0])
    table.value("dE_o1/dout_h1, more digits", "0.02931", parts[0]["out_h.sigmoid"].grad[0, 0])
    table.value("dE/dout_o2", "-0.403", seen["out_o.sigmoid"].grad[0, 1])
    table.value("dout_o2/dnet_o2", "0.240", slope(net_o[1]))
    table.value("dE_o2/dout_h1", "-0.009", parts[1]["out_h.sigmoid"].grad[0, 0])
    table.value("dE_o2/dout_h1, more digits", "-0.00972", parts[1]["out_h.sigmoid"].grad[0, 0])
    table.value("dE/dout_h1", "0.019", seen["out_h.sigmoid"].grad[0, 0])
    table.value("dout_h1/dnet_h1", "0.238", slope(net_h[0]))
    table.value("dnet_h1/dw1", "0.020", seen["x"].value[0, 0])
    table.value("dE/dw1", "0.00009", seen["w_h.weight"].grad[0, 0])

    trainer.step(x, y)
    table.value("w1 after 1 step", "0.099", model.parameters["w_h.weight"][0, 0])
    table.value("E after 1 step", "0.265", trainer.evaluate((x, y))["loss"])
    for _ in range(9999):
        trainer.step(x, y)
    table.value("E after 10000 steps", "0.0000636", trainer.evaluate((x, y))["loss"])
    final = model.predict(x)[0]
    table.value("out_o1 after 10000 steps", "0.008", final[0])
    table.value("out_o2 after 10000 steps", "0.991", final[1])
    table.law("the biases stay 0.3 and 0.2", model.parameters["net_h.bias"] - 0.1, 0.2)
