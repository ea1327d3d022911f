"""99% on MNIST in seconds: the modern LeNet-5, one cycle of Adam's rate."""

from __future__ import annotations

from functools import partial

from fastnn import datasets, networks, optim, schedules
from fastnn.data import Dataset
from fastnn.history import History
from fastnn.reproduce.report import Options, Report, System
from fastnn.reproduce.trainings import Goal, Trainings
from fastnn.trainer import Trainer

EPOCHS, BATCH_SIZE, LR = 3, 64, 0.004
SEEDS = (0, 1, 2)


def train(seed: int, data: Dataset, test: Dataset, verbose: int) -> History:
    """The history of one training."""
    steps = -(-len(data) // BATCH_SIZE) * EPOCHS
    rate = schedules.OneCycle(LR, steps, pct_start=0.2)
    trainer = Trainer(networks.lenet5(seed=seed), optimizer=optim.Adam(rate), metrics=["accuracy"])
    return trainer.fit(data, EPOCHS, BATCH_SIZE, validation=test, verbose=verbose)


def run(options: Options) -> Report:
    """Train from three seeds; the table tells the seconds that each took, tests included.

    Source
    ------
    LeCun et al., Proc. IEEE 86 (1998), in today's form; Smith and Topin, Super-convergence (2017).
    """
    data, test = datasets.mnist(options.data)
    trainings = Trainings(options)
    for seed in SEEDS:
        trainings.train(
            Goal(f"lenet5(), seed {seed}", 99.0), partial(train, seed, data, test, options.verbose)
        )
    return trainings.finish()


SYSTEM = System("mnist-99", "99% on MNIST, as fast as it goes", "30 s", run, True)
