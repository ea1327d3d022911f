"""ResNet-20 on the subset of CIFAR-10 against PyTorch, and residual against plain networks."""

from __future__ import annotations

from functools import partial
from statistics import fmean

from fastnn import networks, optim, schedules
from fastnn.data import Dataset
from fastnn.history import History
from fastnn.model import Model
from fastnn.reproduce.cifar import shifted, subset
from fastnn.reproduce.report import Options, Report, System
from fastnn.reproduce.trainings import Goal, Trainings
from fastnn.trainer import Trainer

EPOCHS, BATCH_SIZE = 15, 128
LR, MOMENTUM, L2 = 0.1, 0.9, 5e-4
# Accuracies of one recipe lie 0.8% apart (standard deviation of sixteen seeds): a mean of three
# would be off by 0.5% every third or fourth time, one of nine every sixteenth.
SEEDS = tuple(range(9))
DEPTHS = (20, 56)

# What PyTorch reaches from the same initial weights with the same batches (bench/accuracy.py; a test
# holds this number against bench/results/accuracy-resnet20.json).
PYTORCH = Goal(f"ResNet-20, mean of {len(SEEDS)} seeds", 75.14, 0.5)


def schedule(images: int) -> schedules.Schedule:
    """One cycle of the learning rate."""
    return schedules.OneCycle(LR, -(-images // BATCH_SIZE) * EPOCHS)


def train(
    model: Model, data: Dataset, held_out: Dataset, verbose: int, precision: str = "float32"
) -> History:
    """The history of one network's training."""
    trainer = Trainer(
        model,
        optimizer=optim.SGD(schedule(len(data)), momentum=MOMENTUM, nesterov=True),
        metrics=["accuracy"],
        l2=L2,
        precision=precision,
    )
    images = shifted(data, model.seed)
    return trainer.fit(images, EPOCHS, BATCH_SIZE, validation=held_out, verbose=verbose)


def run(options: Options) -> Report:
    """Train ResNet-20 from nine seeds, then plain networks and deeper ones.

    Plain networks pass if they do worse than the residual network of their depth.

    Source
    ------
    He, Zhang, Ren and Sun, Deep residual learning for image recognition, CVPR (2016), section 4.2
    and figure 6. Their 64000 steps become 15 passes over a fifth of the images, with one cycle of
    the learning rate.
    """
    data, held_out = subset(options.data)
    trainings = Trainings(options)

    def result(depth: int, residual: bool, seed: int = 0) -> float:
        """Accuracy in percent after the last epoch."""
        model = networks.resnet_cifar(depth, residual=residual, seed=seed)
        history = trainings.train(
            named(depth, residual, seed), partial(train, model, data, held_out, options.verbose)
        )
        return 100 * history["val_accuracy"][-1]

    reached = {(20, seed): result(20, True, seed) for seed in SEEDS}
    trainings.compare(PYTORCH, fmean(reached.values()))
    for depth in DEPTHS:
        if (depth, 0) not in reached:
            reached[depth, 0] = result(depth, True)
        plain = result(depth, False)
        trainings.compare(Goal(f"ResNet-{depth} above plain-{depth}", plain), reached[depth, 0])
    return trainings.finish(
        together=[named(depth, residual) for depth in DEPTHS for residual in (True, False)]
    )


def named(depth: int, residual: bool, seed: int = 0) -> str:
    """What a training is called."""
    return f"{'ResNet' if residual else 'plain'}-{depth}" + (f", seed {seed}" if seed else "")


SYSTEM = System(
    "resnet-cifar",
    "ResNet-20 beside PyTorch's, and plain networks, on 10000 images",
    "half an hour to two",
    run,
    True,
)
