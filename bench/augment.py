"""What augmentation costs, and how long a training waits for its batches.

    python bench/augment.py                    # microseconds per image, then training steps, 2 threads
    python bench/augment.py --json out.json

The first table is one thread's median time per image. The second trains 784-512-512-10 with batches
of 128 random images of MNIST's size, in turn, round after round: plain, then augmented (affine and
elastic) with 0, 1, 2 and 4 batches made ahead; on all threads, and on one less, which leaves a core
to make them. ``waited`` is the part of a step in which the training had no batch, the handing over of
jobs and batches included; the first batch of an epoch, which nothing can hide, stands beside it. What
is made ahead costs the same work, beside the training.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path

import numpy as np
from compare import machine

import fastnn as fnn
from fastnn.callbacks import Callback
from fastnn.data import Augmented, Batches, Dataset, augment

BATCH, STEPS = 128, 60
AFFINE = augment.Affine(shift=2, rotate=10, scale=0.1, shear=6)
GREY = [[0.06, 0.05, 0.05], [0.05, 0.06, 0.05], [0.05, 0.05, 0.06]]
COSTS = {
    "28x28 affine": (1, 28, [AFFINE]),
    "28x28 elastic": (1, 28, [augment.Elastic()]),
    "28x28 affine + elastic": (1, 28, [AFFINE, augment.Elastic()]),
    "3x32x32 crop + flip": (3, 32, [augment.Crop(padding=4), augment.Flip()]),
    "3x32x32 cutout": (3, 32, [augment.Cutout(16)]),
    "3x32x32 affine": (3, 32, [AFFINE]),
    "3x32x32 noise": (3, 32, [augment.Noise(0.1)]),
    "3x32x32 colour": (3, 32, [augment.Color(0.1, 0.1)]),
    "3x256x256 crop 227 + flip + PCA": (
        3, 256, [augment.Crop(227), augment.Flip(), augment.PCAColor(GREY)],
    ),
}  # fmt: skip


def per_image(channels: int, side: int, changes: list[augment.Transform], rounds: int) -> float:
    """Microseconds of one thread, images gathered from bytes included."""
    n = 16 if side > 100 else BATCH
    pixels = np.random.default_rng(0).integers(0, 256, (n, channels, side, side), dtype=np.uint8)
    data, numbers = Augmented(Dataset(pixels, scale=1 / 255), changes), np.arange(n)
    times = []
    for epoch in range(rounds):
        began = time.perf_counter()
        data.gather(numbers, "float32", epoch)
        times.append(time.perf_counter() - began)
    return statistics.median(times) / n * 1e6


class First(Callback):
    """How long the first batch was waited for."""

    every = 1

    def __init__(self, batches: Batches) -> None:
        self.batches, self.waited = batches, 0.0

    def on_step(self, trainer: fnn.Trainer, logs: dict[str, float]) -> None:
        """After each step; the first one counts."""
        self.waited = self.waited or self.batches.waited


def trained(rounds: int, threads: int) -> dict[str, tuple[float, float, float]]:
    """Milliseconds a step takes and, but for the first, waits; and what the first one waits."""
    fnn.set_num_threads(threads)
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (BATCH * STEPS, 1, 28, 28), dtype=np.uint8)
    plain = Dataset(pixels, rng.integers(0, 10, len(pixels)), scale=1 / 255)
    more = Augmented(plain, [AFFINE, augment.Elastic()])
    cases = {"plain": (plain, 0)} | {f"augmented, {n} ahead": (more, n) for n in (0, 1, 2, 4)}
    layers = [fnn.nn.Flatten(), *(fnn.nn.Dense(512, "relu") for _ in range(2))]
    model = fnn.Model([*layers, fnn.nn.Dense(10, "softmax")], input_shape=(1, 28, 28))
    trainer = fnn.Trainer(model)
    times: dict[str, list[tuple[float, float, float]]] = {name: [] for name in cases}
    for i in range(rounds + 1):
        for name, (data, ahead) in cases.items():
            batches = Batches(data, BATCH, prefetch=ahead)
            first = First(batches)
            trainer.fit(batches, callbacks=[first], verbose=0)
            if i:
                took = trainer.history["seconds"][-1] / STEPS
                waited = (batches.waited - first.waited) / (STEPS - 1)
                times[name].append((took * 1e3, waited * 1e3, first.waited * 1e3))
    return {
        f"{threads} thread{'s' * (threads > 1)}, {name}": (
            statistics.median(t for t, _, _ in rows),
            statistics.median(w for _, w, _ in rows),
            statistics.median(f for _, _, f in rows),
        )
        for name, rows in times.items()
    }


def main() -> None:
    """Print both tables; store them with --json."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", type=Path, help="where to store the results")
    options = parser.parse_args()
    fnn.set_num_threads(1)
    costs = {name: per_image(*case, 5 * options.rounds) for name, case in COSTS.items()}
    for name, cost in costs.items():
        print(f"{name:<34}{cost:8.2f} us per image")
    steps = trained(options.rounds, options.threads)
    if options.threads > 1:
        steps |= trained(options.rounds, options.threads - 1)
    for name, (took, waited, first) in steps.items():
        print(
            f"{name:<34}{took:8.2f} ms per step, of which waited {waited:.2f}; the first {first:.2f}"
        )
    if options.json:
        result = {"machine": machine(options.threads), "microseconds": costs, "milliseconds": steps}
        options.json.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
