"""Nielsen's ladder of convolutional networks on MNIST, as in his chapter 6 (``network3.py``)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from fastnn import datasets, networks, optim, schedules
from fastnn.data import Augmented, Dataset, augment
from fastnn.history import History
from fastnn.model import Model
from fastnn.reproduce.report import Options, Report, System
from fastnn.reproduce.trainings import Goal, Trainings
from fastnn.trainer import Trainer

TRAINING_IMAGES = 50_000
BATCH_SIZE, MOMENTUM = 50, 0.9
MEMBERS = 5
COMMITTEE = Goal(f"committee of {MEMBERS} of these", 99.67, 0.1)


@dataclass(frozen=True)
class Rung:
    """A network of the ladder and how it is trained.

    Attributes
    ----------
    number : int
        Of the network, see `fastnn.networks.network3`.
    goal : Goal
    epochs : int
    lr : float
        Learning rate of SGD with momentum at the beginning; it falls along a cosine.
    shift : int
        Pixels by which images are shifted at most, each way, anew in each epoch.
    l2 : float
        The book's lambda over its number of batches.
    """

    number: int
    goal: Goal
    epochs: int
    lr: float
    shift: int = 0
    l2: float = 0.0


def _published(experiment: str, accuracy: float) -> Goal:
    return Goal(experiment, accuracy, 0.1, best=True)


RUNGS = (
    Rung(1, _published("one convolution", 98.78), 20, 0.05),
    Rung(2, _published("two convolutions", 99.06), 30, 0.1),
    Rung(3, _published("ReLU, lambda 0.1", 99.23), 20, 0.02, l2=2e-5),
    Rung(4, _published("shifted images", 99.37), 30, 0.02, shift=1, l2=2e-5),
    Rung(5, _published("2 x 1000 units, dropout", 99.60), 40, 0.02, shift=2),
)


def network(rung: Rung, seed: int) -> Model:
    """The network of a rung."""
    return networks.network3(rung.number, seed)


def train(model: Model, rung: Rung, data: Dataset, test: Dataset, verbose: int) -> History:
    """The history of one network's training."""
    steps = -(-len(data) // BATCH_SIZE) * rung.epochs
    trainer = Trainer(
        model,
        optimizer=optim.SGD(schedules.Cosine(rung.lr, steps), momentum=MOMENTUM),
        metrics=["accuracy"],
        l2=rung.l2,
    )
    crop = augment.Crop(padding=rung.shift)
    given = Augmented(data, [crop], seed=model.seed) if rung.shift else data
    return trainer.fit(given, rung.epochs, BATCH_SIZE, validation=test, verbose=verbose)


def vote(predictions: NDArray[np.float32]) -> NDArray[np.int64]:
    """Classes that most members see; among classes with as many votes, the likeliest.

    Parameters
    ----------
    predictions : array, shape (members, N, K), of probabilities

    Returns
    -------
    array, shape (N,)

    Examples
    --------
    >>> vote(np.array([[[0.6, 0.4]], [[0.6, 0.4]], [[0.1, 0.9]]]))
    array([0])
    """
    members, _, classes = predictions.shape
    votes = (predictions.argmax(axis=2)[..., None] == np.arange(classes)).sum(axis=0)
    winners: NDArray[np.int64] = np.argmax(votes + predictions.sum(axis=0) / (members + 1), axis=1)
    return winners


def run(options: Options) -> Report:
    """Climb the ladder, then let five networks of its last rung vote.

    Source
    ------
    Nielsen, Neural Networks and Deep Learning (2015), chapter 6; the first 50000 images are trained
    on, the best test accuracy over the epochs counts. The book trains 60 epochs (40 with dropout) in
    batches of 10 at a constant rate, the last two rungs with 250000 images an epoch, shifted by a
    pixel; a falling rate and momentum stand for that, in fewer epochs, and the last rung's images
    are shifted by up to two.
    """
    data, test = datasets.mnist(options.data)
    data = data[:TRAINING_IMAGES]
    trainings = Trainings(options)
    last = RUNGS[-1]
    members: list[Model] = []
    for rung, seed in [(rung, 0) for rung in RUNGS] + [(last, s) for s in range(1, MEMBERS)]:
        goal = replace(rung.goal, experiment=f"the same, seed {seed}") if seed else rung.goal
        model = network(rung, seed)
        trainings.train(goal, partial(train, model, rung, data, test, options.verbose))
        if rung is last:
            members.append(model)
    seen = vote(np.stack([model.predict(test.x) for model in members]))
    trainings.compare(COMMITTEE, 100 * float((seen == test.y).mean()))
    return trainings.finish()


SYSTEM = System(
    "network3",
    "Nielsen's convolutional networks on MNIST, and a committee of 5",
    "an hour",
    run,
    True,
)
