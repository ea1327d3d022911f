"""BP1 to BP4, every quantity by its name; and the delta of the other sign."""

from __future__ import annotations

import numpy as np

from fastnn import nn, optim
from fastnn.model import Model
from fastnn.reproduce.lectures.comparison import Comparison, slope
from fastnn.trainer import Trainer


def compare(table: Comparison) -> None:
    """BP1 to BP4, every quantity by its name; and the delta of the other sign."""
    table.begin("back-propagation")
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
    table.law(
        "BP1: delta^L = grad_a C * s'(z^L)", delta[2], seen["dense2.sigmoid"].grad * slopes[2]
    )
    back = delta[2] @ seen["dense2.weight"].value
    table.law("BP2: delta^l = (w^(l+1)T delta^(l+1)) * s'(z^l)", delta[1], back * slopes[1])
    inputs = {1: x, 2: seen["dense1.sigmoid"].value}
    before = {i: model.parameters[f"dense{i}.weight"].copy() for i in (1, 2)}
    for i in (1, 2):
        table.law(f"BP3: dC/db^{i} = delta^{i}", seen[f"dense{i}.bias"].grad, delta[i][0])
    for i in (1, 2):
        outer = delta[i].T @ inputs[i]
        table.law(f"BP4: dC/dw^{i} = a^{i - 1} delta^{i}", seen[f"dense{i}.weight"].grad, outer)
    trainer.step(x, y)
    for i in (1, 2):
        change = model.parameters[f"dense{i}.weight"] - before[i]
        mine = 0.5 * -delta[i].T @ inputs[i]
        table.law(f"with delta = -dJ/dz: change of w^{i} = alpha delta h", change, mine)
