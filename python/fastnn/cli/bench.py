"""``fastnn bench``: time training steps and predictions on this machine."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from fastnn import machine, nn, optim
from fastnn.cli.output import add_threads, number, set_threads, table
from fastnn.data import Dataset
from fastnn.model import Model
from fastnn.trainer import Trainer

EXAMPLES = """\
examples:
  fastnn bench
  fastnn bench --threads 1 --seconds 3 --json

A step is forward, loss, backward and update of one batch, gathered from a shuffled data set. Times
are medians over repeats; bench/compare.py of the repository puts them beside other frameworks.
"""

_REPEATS = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    add_threads(parser)
    parser.add_argument(
        "--seconds",
        type=number(0, above=True),
        default=1.0,
        metavar="S",
        help="time for each workload (default: 1)",
    )


def run(arguments: argparse.Namespace) -> tuple[dict[str, Any], int]:
    """Time each workload; the results and the exit code."""
    set_threads(arguments)
    rng = np.random.default_rng(0)
    x = rng.random((1024, 784), dtype=np.float32)
    data = Dataset(x, rng.integers(0, 10, len(x)))
    small, wide = _small(), _wide()
    timed = [
        (
            "step 784-30-10 sigmoid, SGD, batch 10",
            _steps(small, "quadratic", optim.SGD(3.0), data, 10),
        ),
        (
            "step 784-512-512-10 ReLU, Adam, batch 128",
            _steps(wide, "cross_entropy", optim.Adam(), data, 128),
        ),
        (
            "step 784-512-512-10 ReLU, Adam, batch 1024",
            _steps(wide, "cross_entropy", optim.Adam(), data, 1024),
        ),
        ("predict 784-30-10, 1 row", _predictions(small, x[:1])),
        ("predict 784-512-512-10, 1 row", _predictions(wide, x[:1])),
    ]
    results = []
    for name, work in timed:
        median, best = _time(work, arguments.seconds)
        results.append({"workload": name, "microseconds": median, "best": best})
    config = machine.config()
    if not arguments.json:
        print(
            f"fastnn {config['fastnn']}, {config['isa']}, "
            f"{config['threads']} threads of {config['cpus']} CPUs"
        )
        rows = [[r["workload"], f"{r['microseconds']:.1f}", f"{r['best']:.1f}"] for r in results]
        print(table(["workload", "median us", "best us"], rows, right=[1, 2]))
    return {"machine": config, "results": results}, 0


def _small() -> Model:
    return Model([nn.Dense(30, "sigmoid"), nn.Dense(10, "sigmoid")], input_shape=(784,))


def _wide() -> Model:
    layers = [nn.Dense(512, "relu"), nn.Dense(512, "relu"), nn.Dense(10, "softmax")]
    return Model(layers, input_shape=(784,))


def _steps(model: Model, loss: str, rule: Any, data: Dataset, batch: int) -> Callable[[int], int]:
    """A function that makes at least n steps, and tells how many."""
    trainer = Trainer(model, loss, rule)
    an_epoch = len(data) // batch
    whole = data[: an_epoch * batch]

    def work(n: int) -> int:
        before = trainer.steps
        trainer.fit(whole, -(-n // an_epoch), batch, verbose=0)
        return trainer.steps - before

    return work


def _predictions(model: Model, x: Any) -> Callable[[int], int]:
    def work(n: int) -> int:
        for _ in range(n):
            model.predict(x)
        return n

    return work


def _time(work: Callable[[int], int], seconds: float) -> tuple[float, float]:
    """Median and least microseconds of one, over repeats that take ``seconds`` together."""
    work(1)
    n = 1
    while True:
        began = time.perf_counter()
        done = work(n)
        took = time.perf_counter() - began
        if took >= seconds / (2 * _REPEATS):
            break
        n = done * 2
    times = []
    for _ in range(_REPEATS):
        began = time.perf_counter()
        done = work(n)
        times.append((time.perf_counter() - began) / done * 1e6)
    return statistics.median(times), min(times)
