"""The data sets of the command line, by name."""

from __future__ import annotations

import argparse
import math
import os
from typing import NamedTuple

from fastnn import datasets
from fastnn.cli.output import Failure, Usage, share
from fastnn.data import Dataset
from fastnn.model import Model


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

# What a model is tested on that does not say what it was trained on, by the shape of an image.
_IMAGES = {
    "digits": (1, 8, 8), "mnist": (1, 28, 28), "fashion_mnist": (1, 28, 28),
    "cifar10": (3, 32, 32), "cifar10_subset": (3, 32, 32),
}  # fmt: skip


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


def check_folder(folder: str | None) -> None:
    """Refuse a --data that is no folder: what is missing would be downloaded to it."""
    if folder is not None and not os.path.isdir(folder):
        raise Failure(f"--data must name a folder that exists, got {folder!r}")


def load(name: str, folder: str | None) -> tuple[Dataset, Dataset]:
    """Training and test part of a data set."""
    if name == "digits":
        if folder is not None:
            raise Usage(
                "argument --data: must be left out with digits, which come with the package"
            )
        return datasets.digits()
    check_folder(folder)
    first, *_, last = getattr(datasets, name)(folder)  # a validation part may stand between them
    return first, last


def shaped(data: Dataset, shape: tuple[int, ...]) -> Dataset:
    """Images in the shape of a network's input, where that holds the same pixels; else as they are.

    Examples
    --------
    >>> import numpy as np
    >>> shaped(Dataset(np.zeros((5, 1, 8, 8))), (64,)).x.shape
    (5, 64)
    """
    images = data.inputs[0]
    image = images.array.shape[1:]
    if shape == image or shape not in _forms(image):
        return data
    pixels = images.array.reshape(-1, *shape)
    whole = Dataset(
        pixels,
        *(t.array for t in data.targets),
        scale=images.scale,
        offset=images.offset,
        class_names=data.class_names,
    )
    return whole if data.indices is None else whole[data.indices]


def note(model: Model, name: str, data: Dataset) -> None:
    """Keep with a model what it was trained on."""
    model.notes["dataset"] = name
    model.notes.pop("class_names", None)
    if data.class_names is not None:
        model.notes["class_names"] = list(data.class_names)


def noted(model: Model, shape: tuple[int, ...]) -> str | None:
    """The data set that a model was trained on, by its notes; None where that is not known, or
    where its images are not of the shape that the model takes."""
    name = model.notes.get("dataset")
    is_known = isinstance(name, str) and name in RECIPES and shape in _forms(_IMAGES[name])
    return name if is_known else None


def names_noted(model: Model, classes: int) -> list[str] | None:
    """The names of a model's classes; None where they are not known."""
    names = model.notes.get("class_names")
    if not isinstance(names, list) or len(names) != classes:
        return None
    # A file may come from anywhere: nothing that would command the terminal.
    fit = all(isinstance(name, str) and name and name.isprintable() for name in names)
    return names if fit else None


def name_for(shape: tuple[int, ...], where: str) -> str:
    """The data set whose images a network takes that has samples of this shape."""
    for name, image in _IMAGES.items():
        if shape in _forms(image):
            return name
    raise Failure(
        f"{where}: DATASET must be named, as MODEL takes none of 8 x 8, 28 x 28 and 3 x 32 x 32 "
        f"pixels, got one that takes {shape}"
    )


def check_fits(name: str, shape: tuple[int, ...], where: str) -> None:
    """Refuse a data set before it is read, or downloaded, for a network that takes others."""
    if shape not in _forms(_IMAGES[name]):
        raise Failure(
            f"{where}: DATASET must have images that MODEL takes, of shape {shape}, got {name} of "
            f"{_IMAGES[name]}"
        )


def _forms(image: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """The shapes that hold the pixels of such an image: its own, flat, and, of greys, a matrix."""
    flat = (math.prod(image),)
    return (image, flat, image[1:]) if image[0] == 1 else (image, flat)
