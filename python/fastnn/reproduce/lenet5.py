"""LeNet-5 on MNIST: the modern form, the network of 1998, and that with distorted images."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from fastnn import datasets, networks, optim, schedules
from fastnn.data import Augmented, Dataset, augment
from fastnn.history import History
from fastnn.networks.lenet import BACKGROUND
from fastnn.reproduce.report import Options, Report, System
from fastnn.reproduce.trainings import Goal, Trainings
from fastnn.trainer import Trainer


@dataclass(frozen=True)
class Experiment:
    """One training: Adam, its rate a cosine down to 0.

    Attributes
    ----------
    goal : Goal
    original : bool
        The network of the paper.
    distorted : bool
        Whether the images are changed anew in each epoch, by the affine maps of the paper.
    epochs, batch_size : int
    lr : float
    """

    goal: Goal
    original: bool
    distorted: bool
    epochs: int
    batch_size: int
    lr: float


EXPERIMENTS = (
    Experiment(Goal("lenet5()", 99.10), False, False, 10, 64, 0.002),
    Experiment(Goal("lenet5(original=True)", 99.05), True, False, 20, 32, 0.002),
    Experiment(Goal("the same, distorted images", 99.20), True, True, 25, 32, 0.002),
)
# "Planar affine transformations: translations, scaling, squeezing, shearing" (section III-A).
DISTORTIONS = augment.Affine(
    shift=1.0, rotate=4.0, scale=0.08, squeeze=0.08, shear=6.0, fill=BACKGROUND
)


def train(experiment: Experiment, data: Dataset, test: Dataset, seed: int, verbose: int) -> History:
    """The history of one experiment's training."""
    model = networks.lenet5(experiment.original, seed=seed)
    loss: Any = networks.lenet5_loss if experiment.original else "cross_entropy"
    steps = -(-len(data) // experiment.batch_size) * experiment.epochs
    trainer = Trainer(
        model,
        loss,
        optim.Adam(schedules.Cosine(experiment.lr, steps)),
        ["accuracy"],
    )
    if experiment.original:
        data, test = _enlarged(data), _enlarged(test)
    given = Augmented(data, [DISTORTIONS], seed=seed) if experiment.distorted else data
    return trainer.fit(
        given, experiment.epochs, experiment.batch_size, validation=test, verbose=verbose
    )


def _enlarged(data: Dataset) -> Dataset:
    """Images as the network of 1998 wants them."""
    return Dataset(networks.lenet5_images(data.x), data.y)


def run(options: Options) -> Report:
    """Train LeNet-5 in three ways; the test accuracy after the last epoch counts.

    Source
    ------
    LeCun, Bottou, Bengio and Haffner, Gradient-based learning applied to document recognition,
    Proc. IEEE 86 (1998), section III: 0.95% error, 0.8% with distorted images. All 60000 images are
    trained on. Adam with a falling rate stands for the paper's diagonal Levenberg-Marquardt method.
    """
    data, test = datasets.mnist(options.data)
    trainings = Trainings(options)
    for experiment in EXPERIMENTS:
        trainings.train(experiment.goal, partial(train, experiment, data, test, 0, options.verbose))
    return trainings.finish()


SYSTEM = System("lenet5", "LeNet-5 on MNIST, today's form and that of 1998", "5 min", run, True)
