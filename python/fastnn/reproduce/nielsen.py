"""Nielsen's [784, 30, 10] networks on MNIST, as in his chapters 1 and 3."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from fastnn import datasets, nn, optim
from fastnn.data import Dataset
from fastnn.history import History
from fastnn.model import Model
from fastnn.reproduce.report import Options, Report, System
from fastnn.trainer import Trainer

EPOCHS, BATCH_SIZE, TRAINING_IMAGES = 30, 10, 50_000


@dataclass(frozen=True)
class Experiment:
    """One network and the best test accuracy, over the epochs, that was published for it.

    Attributes
    ----------
    expected, least : float
        Published accuracy in percent, and the lowest that passes.
    lambda_ : float
        Weight of the penalty lambda / (2 n) sum w^2.
    """

    name: str
    loss: str
    eta: float
    init: str
    lambda_: float
    expected: float
    least: float


EXPERIMENTS = (
    Experiment("quadratic, eta 3", "quadratic", 3.0, "nielsen_large", 0.0, 95.42, 94.9),
    Experiment("cross-entropy, eta 0.5", "binary_cross_entropy", 0.5, "nielsen", 0.0, 95.33, 95.0),
    Experiment("the same, lambda 5", "binary_cross_entropy", 0.5, "nielsen", 5.0, 96.49, 96.1),
)


def train(experiment: Experiment, data: Dataset, test: Dataset, seed: int, verbose: int) -> History:
    """The history of one experiment's training."""
    layers: list[Any] = [nn.Flatten()]
    for units in (30, 10):
        layers.append(nn.Dense(units, "sigmoid", init=experiment.init, bias_init="normal"))
    model = Model(layers, input_shape=(1, 28, 28), seed=seed)
    trainer = Trainer(
        model,
        experiment.loss,
        optim.SGD(experiment.eta),
        ["accuracy"],
        l2=experiment.lambda_ / len(data),
    )
    return trainer.fit(data, EPOCHS, BATCH_SIZE, validation=test, verbose=verbose)


def run(options: Options) -> Report:
    """Train the three networks and compare their best test accuracy with the published one.

    Parameters
    ----------
    options : Options
        ``data``: folder of the MNIST files.

    Returns
    -------
    Report

    Raises
    ------
    OSError
        If MNIST is neither in the folder nor in the cache nor to be had.

    Source
    ------
    Nielsen, Neural Networks and Deep Learning (2015), chapters 1 and 3; the first 50000 images are
    trained on, the 10000 test images tell the accuracy.
    """
    data, test = datasets.mnist(options.data)
    data = data[:TRAINING_IMAGES]
    head = ["experiment", "expected %", "least %", "best %", "epoch", "last %", "seconds", "result"]
    report = Report(head, right=range(1, 7))
    curves: dict[str, list[float]] = {}
    for experiment in EXPERIMENTS:
        if options.verbose:
            print(f"{experiment.name}: {EPOCHS} epochs", flush=True)
        began = time.perf_counter()
        history = train(experiment, data, test, 0, options.verbose)
        seconds = time.perf_counter() - began
        accuracies = [100 * a for a in history["val_accuracy"]]
        best = max(accuracies)
        curves[f"{experiment.name} (accuracy)"] = history["accuracy"]
        curves[f"val_{experiment.name} (accuracy)"] = history["val_accuracy"]
        report.rows.append(
            {
                "experiment": experiment.name,
                "expected %": f"{experiment.expected:.2f}",
                "least %": f"{experiment.least:.2f}",
                "best %": f"{best:.2f}",
                "epoch": accuracies.index(best) + 1,
                "last %": f"{accuracies[-1]:.2f}",
                "seconds": f"{seconds:.1f}",
                "result": "ok" if best >= experiment.least else "short",
            }
        )
    if options.plot:
        from fastnn.plot import save_learning_curves

        save_learning_curves(curves, options.plot)
        report.notes.append(f"learning curves saved to {options.plot}")
    return report


SYSTEM = System(
    "nielsen", "Nielsen's [784, 30, 10] on MNIST: three costs, 30 epochs each", "30 s", run, True
)
