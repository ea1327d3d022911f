"""The subset of CIFAR-10, prepared for training; what the systems that use it have in common."""

from __future__ import annotations

import numpy as np

from fastnn import datasets
from fastnn.data import Augmented, Dataset, augment

# Of the training images, by channel.
MEAN = np.array([0.4936, 0.4832, 0.4470], np.float32)
STD = np.array([0.2478, 0.2448, 0.2626], np.float32)


def subset(root: str | None) -> tuple[Dataset, Dataset]:
    """10000 images to train on and 3000 others, each channel with mean 0 and variance 1.

    Parameters
    ----------
    root : str or None
        Folder of the data set.

    Returns
    -------
    train, held_out : Dataset
        The second is the validation and the test part together, which is 1000 images alone.

    Raises
    ------
    OSError
        If the file is missing, damaged or another one.
    """
    train, validation, test = datasets.cifar10_subset(root)
    return _normalised(train), _normalised(validation, test)


def _normalised(*parts: Dataset) -> Dataset:
    x = np.concatenate([part.x for part in parts])
    x = (x - MEAN[:, None, None]) / STD[:, None, None]
    labels = np.concatenate([part.y for part in parts])
    return Dataset(x, labels, class_names=parts[0].class_names)


def shifted(train: Dataset, seed: int) -> Augmented:
    """Images shifted by up to four pixels and mirrored, as networks for CIFAR are trained."""
    return Augmented(train, [augment.Crop(padding=4), augment.Flip()], seed=seed)
