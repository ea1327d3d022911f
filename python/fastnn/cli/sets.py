"""The data sets of the command line, by name."""

from __future__ import annotations

import argparse
import os
from typing import NamedTuple

from fastnn import datasets
from fastnn.cli.output import Failure, share
from fastnn.data import Dataset


class Recipe(NamedTuple):
    """What ``fastnn train`` does with a data set unless told otherwise."""

    hidden: tuple[int, ...]
    lr: float
    dropout: float
    epochs: int
    batch_size: int
    network: str = "mlp"

    def __str__(self) -> str:
        hidden = ",".join(map(str, self.hidden))
        net = f"--hidden {hidden} --dropout {self.dropout:g}"
        if self.network != "mlp":
            net = f"--network {self.network}"
        return f"{net} --lr {self.lr:g} --epochs {self.epochs} --batch-size {self.batch_size}"


RECIPES = {
    "digits": Recipe((128, 128), 0.002, 0.2, 60, 32),
    "mnist": Recipe((512, 512), 0.001, 0.2, 5, 128),
    "fashion_mnist": Recipe((512, 512), 0.001, 0.2, 8, 128),
    "cifar10": Recipe((512, 512), 0.002, 0.2, 10, 128, "resnet20"),
    "cifar10_subset": Recipe((512, 512), 0.002, 0.2, 10, 128, "resnet20"),
}

_SHAPES = {
    (1, 8, 8): "digits",
    (1, 28, 28): "mnist",
    (3, 32, 32): "cifar10",
    (64,): "digits",
    (784,): "mnist",
}


def add_data(parser: argparse.ArgumentParser) -> None:
    """The option --data."""
    parser.add_argument(
        "--data",
        metavar="DIR",
        help="folder of the data set's files (default: FASTNN_DATA, else the cache, else a download)",
    )


def add_target(parser: argparse.ArgumentParser) -> None:
    """The option --target."""
    parser.add_argument(
        "--target",
        type=share,
        metavar="A",
        help="exit with 1 if the test accuracy is below A, such as 0.97",
    )


def load(name: str, folder: str | None) -> tuple[Dataset, Dataset]:
    """Training and test part of a data set."""
    if name == "digits":
        return datasets.digits()
    if folder is not None and not os.path.isdir(folder):
        raise Failure(f"--data must name a folder that exists, got {folder!r}")
    first, *_, last = getattr(datasets, name)(folder)  # a validation part may stand between them
    return first, last


def name_for(shape: tuple[int, ...], where: str) -> str:
    """The data set whose samples have this shape."""
    if shape not in _SHAPES:
        raise Failure(
            f"{where}: DATASET must be named, as MODEL takes none of 8 x 8, 28 x 28 and 3 x 32 x 32 "
            f"pixels, got one that takes {shape}"
        )
    return _SHAPES[shape]
