"""The network and the trainer that ``fastnn train`` makes from its options."""

from __future__ import annotations

import argparse

from fastnn import machine, nn, optim
from fastnn.cli.sets import RECIPES
from fastnn.data import Dataset
from fastnn.model import Model
from fastnn.trainer import Trainer

# What ends a network that is trained with a loss.
_LAST = {"cross_entropy": "softmax", "nll_loss": "log_softmax", "hinge": None}


def make_trainer(arguments: argparse.Namespace, train: Dataset) -> Trainer:
    """Network and trainer from the options."""
    recipe = RECIPES[arguments.dataset]
    sizes = recipe.hidden if arguments.hidden is None else arguments.hidden
    activation = arguments.activation or "relu"
    rate = recipe.dropout if arguments.dropout is None else arguments.dropout
    loss = arguments.loss or "cross_entropy"
    init = "he_uniform" if activation == "relu" else "glorot_uniform"
    layers: list[nn.Layer] = [nn.Flatten()]
    for units in sizes:
        layers.append(nn.Dense(units, activation, init=init))
        if rate:
            layers.append(nn.Dropout(rate))
    layers.append(nn.Dense(10, _LAST.get(loss, "sigmoid")))
    model = Model(layers, input_shape=train.inputs[0].array.shape[1:], seed=arguments.seed or 0)
    optimizer = optim.find(arguments.optimizer or "adam", "train")
    if arguments.lr is not None:
        optimizer.lr = arguments.lr
    elif arguments.optimizer in (None, "adam", "adamw"):
        optimizer.lr = recipe.lr
    return Trainer(model, loss, optimizer, ["accuracy"], l2=arguments.l2 or 0.0)


def description(name: str, train: Dataset, test: Dataset, trainer: Trainer, batch_size: int) -> str:
    """Two lines: the data, the network and how it is trained."""
    model = trainer.model
    pixels = " x ".join(map(str, train.inputs[0].array.shape[2:]))
    weights = [w.shape for w in model.weights().values()]
    sizes = "-".join(str(n) for n in (weights[0][1], *(shape[0] for shape in weights)))
    return (
        f"{name}: {len(train)} images of {pixels} to learn from, {len(test)} to test with\n"
        f"network {sizes}, {model.theta.size:,} parameters, {trainer.loss}, "
        f"{trainer.optimizer!r}, batch {batch_size}, seed {trainer.seed}, "
        f"{machine.isa()}, {machine.get_num_threads()} threads"
    )
