"""The network and the trainer that ``fastnn train`` makes from its options."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from fastnn import machine, networks, nn, optim
from fastnn.cli.output import Usage
from fastnn.cli.sets import RECIPES, Recipe
from fastnn.data import Dataset
from fastnn.losses import ENDINGS
from fastnn.model import Model
from fastnn.trainer import Trainer

# The classics that can be trained by name: (shape of an image, seed) to model.
NETWORKS: dict[str, Callable[[tuple[Any, ...], int], Model]] = {
    "lenet5": lambda shape, seed: networks.lenet5(seed=seed),
    "resnet20": lambda shape, seed: networks.resnet_cifar(20, input_shape=shape, seed=seed),
}
_OF_MLP = ("hidden", "activation", "dropout")  # options

# What ends a network that is trained with a loss; another one's ends in a sigmoid.
_LAST = {**ENDINGS, "hinge": None}


def make_trainer(arguments: argparse.Namespace, train: Dataset) -> Trainer:
    """Network and trainer from the options."""
    recipe = RECIPES[arguments.dataset]
    loss = arguments.loss or "cross_entropy"
    shape = tuple(train.inputs[0].array.shape[1:])
    network = network_of(arguments)
    if network == "mlp":
        model = _mlp(arguments, recipe, loss, shape)
    else:
        _check_network(arguments, network, shape)
        model = NETWORKS[network](shape, arguments.seed or 0)
    optimizer = optim.find(arguments.optimizer or "adam", "train")
    if arguments.lr is not None:
        optimizer.lr = arguments.lr
    elif arguments.optimizer in (None, "adam", "adamw"):
        optimizer.lr = recipe.lr
    return Trainer(
        model, loss, optimizer, ["accuracy"],
        l2=arguments.l2 or 0.0, precision=arguments.precision or "float32",
    )  # fmt: skip


def network_of(arguments: argparse.Namespace) -> str:
    """Its name: what was asked for, else the data set's own."""
    return arguments.network or RECIPES[arguments.dataset].network


def _mlp(arguments: argparse.Namespace, recipe: Recipe, loss: str, shape: tuple[int, ...]) -> Model:
    sizes = recipe.hidden if arguments.hidden is None else arguments.hidden
    activation = arguments.activation or "relu"
    rate = recipe.dropout if arguments.dropout is None else arguments.dropout
    init = "he_uniform" if activation == "relu" else "glorot_uniform"
    layers: list[nn.Layer] = [nn.Flatten()]
    for units in sizes:
        layers.append(nn.Dense(units, activation, init=init))
        if rate:
            layers.append(nn.Dropout(rate))
    layers.append(nn.Dense(10, _LAST.get(loss, "sigmoid")))
    return Model(layers, input_shape=shape, seed=arguments.seed or 0)


def _check_network(arguments: argparse.Namespace, network: str, shape: tuple[int, ...]) -> None:
    """What a classic network leaves open: nothing of its layers, and images as its paper's."""
    for name in _OF_MLP:
        if getattr(arguments, name) is not None:
            raise Usage(f"argument --{name}: must be left out with --network {network}")
    if arguments.loss not in (None, "cross_entropy"):
        raise Usage(f"argument --loss: must be cross_entropy with --network {network}")
    if network == "lenet5" and shape != (1, 28, 28):
        raise Usage(
            f"argument --network: must be mlp or resnet20 with {arguments.dataset}, for lenet5 takes "
            "28 x 28 pixels of one channel"
        )


def description(name: str, train: Dataset, test: Dataset, trainer: Trainer, batch_size: int) -> str:
    """Two lines: the data, the network and how it is trained."""
    model = trainer.model
    pixels = " x ".join(map(str, train.inputs[0].array.shape[2:]))
    weights = [w.shape for w in model.weights().values()]
    if all(len(shape) == 2 for shape in weights):
        sizes = "-".join(str(n) for n in (weights[0][1], *(shape[0] for shape in weights)))
    else:
        sizes = f"of {len(weights)} layers with weights"
    return (
        f"{name}: {len(train)} images of {pixels} to learn from, {len(test)} to test with\n"
        f"network {sizes}, {model.theta.size:,} parameters, {trainer.loss}, "
        f"{trainer.optimizer!r}, batch {batch_size}, seed {trainer.seed}, "
        f"{trainer.precision}, {machine.isa()}, {machine.get_num_threads()} threads"
    )
