"""Time of a training step against batch size and against depth, with the line through it.

    python bench/scaling.py --png scaling.png --json scaling.json         # the plot needs matplotlib

- batch: MLP 784-512-512-10, ReLU, Adam, batches of 8 to 4096;
- layers: 1 to 32 dense layers of 256 units, ReLU, Adam, batches of 128;
- lenet-5, resnet-20: the networks of compare.py, Adam, batches of 1 to 256.

All sizes are timed in turn, round after round, and the median of each counts. The line a + b n is the
one with the least squared deviation relative to the times, so that short steps weigh as much as long
ones; a is the work that does not depend on n, such as the update of the weights.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from compare import machine

import fastnn as fnn
from networks import NETWORKS

STRETCH = 0.05  # seconds of one timed stretch, about
MOST_ROWS = 16384


@dataclass(frozen=True)
class Sweep:
    """One quantity that grows, and the network and batch that belong to each value of it."""

    name: str
    label: str
    values: tuple[int, ...]
    model: Callable[[int], fnn.Model]
    batch: Callable[[int], int]

    @property
    def is_batch(self) -> bool:
        """Whether the quantity is the batch size, else the number of layers."""
        return self.name != "layers"


def mlp(inputs: int, widths: tuple[int, ...]) -> fnn.Model:
    """Dense layers, ReLU between them."""
    layers = [fnn.nn.Dense(width, "relu") for width in widths]
    return fnn.Model([*layers, fnn.nn.Dense(10, "softmax")], input_shape=(inputs,))


def by_batch(name: str, label: str, least: int, most: int, model: Callable[[], Any]) -> Sweep:
    """Batch sizes that double from ``least`` to ``most``."""
    values = [least]
    while values[-1] < most:
        values.append(2 * values[-1])
    return Sweep(name, f"batch size, {label}", tuple(values), lambda n: model(), lambda n: n)


SWEEPS = [
    by_batch("batch", "MLP 784-512-512-10", 8, 4096, lambda: mlp(784, (512, 512))),
    Sweep(
        "layers",
        "layers of 256 units, batch size 128",
        (1, 2, 4, 8, 12, 16, 20, 24, 28, 32),
        lambda n: mlp(256, (256,) * n),
        lambda n: 128,
    ),
    by_batch("lenet-5", "LeNet-5", 1, 256, NETWORKS["lenet-5"].fastnn),
    by_batch("resnet-20", "ResNet-20", 1, 256, NETWORKS["resnet-20"].fastnn),
]


def steps_of(sweep: Sweep, n: int) -> Callable[[], float]:
    """A function that trains for about a stretch and gives the seconds of a step."""
    batch, model = sweep.batch(n), sweep.model(n)
    shape = model.inputs[0].shape[1:]
    trainer = fnn.Trainer(model, "cross_entropy", fnn.optim.Adam(1e-4))
    rng = np.random.default_rng(0)

    def data_of(steps: int) -> fnn.Dataset:
        rows = steps * batch
        x = rng.random((rows, *shape), dtype=np.float32)
        return fnn.Dataset(x, rng.integers(0, 10, rows))

    few = data_of(2)
    trainer.fit(few, 1, batch, verbose=0)
    began = time.perf_counter()
    trainer.fit(few, 2, batch, verbose=0)
    wanted = STRETCH / ((time.perf_counter() - began) / 4)
    steps = max(1, min(round(wanted), MOST_ROWS // batch))  # in an epoch
    epochs = max(1, round(wanted / steps))
    data = data_of(steps)

    def run() -> float:
        began = time.perf_counter()
        trainer.fit(data, epochs, batch, verbose=0)
        return (time.perf_counter() - began) / (epochs * steps)

    return run


def line(values: tuple[int, ...], seconds: list[float]) -> tuple[float, float, list[float]]:
    """a and b of the line, and the deviation from it at each value, relative to the line."""
    n, t = np.asarray(values, float), np.asarray(seconds)
    a, b = np.linalg.lstsq(np.stack([1 / t, n / t], 1), np.ones(len(t)), rcond=None)[0]
    return float(a), float(b), [float(d) for d in t / (a + b * n) - 1]


def measure(sweep: Sweep, rounds: int) -> dict[str, Any]:
    """Medians over the rounds, and the line."""
    runs = [steps_of(sweep, n) for n in sweep.values]
    times = [[run() for run in runs] for _ in range(rounds)]
    seconds = [statistics.median(t) for t in zip(*times, strict=True)]
    a, b, deviations = line(sweep.values, seconds)
    return {
        "values": sweep.values, "seconds": seconds, "constant": a, "slope": b,
        "deviations": deviations, "largest_deviation": max(map(abs, deviations)),
    }  # fmt: skip


def plot(results: dict[str, dict[str, Any]], about: dict[str, Any], path: Path) -> None:
    """Times and their lines, batch sizes on logarithmic axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 8), layout="constrained")
    for axes, sweep in zip(figure.subplots(2, 2).flat, SWEEPS, strict=True):
        r = results[sweep.name]
        n = np.linspace(sweep.values[0], sweep.values[-1], 512)
        if sweep.is_batch:
            n = np.geomspace(sweep.values[0], sweep.values[-1], 512)
            axes.set_xscale("log", base=2)
            axes.set_xticks(sweep.values, [str(v) for v in sweep.values])
            axes.set_yscale("log")
        text = f"{1e3 * r['constant']:.3g} ms + {1e3 * r['slope']:.3g} ms n"
        axes.plot(n, 1e3 * (r["constant"] + r["slope"] * n), color="0.6", label=text)
        worst = f"measured, {r['largest_deviation']:.0%} off the line at most"
        axes.plot(sweep.values, 1e3 * np.asarray(r["seconds"]), "o", label=worst)
        axes.set(xlabel=sweep.label, ylabel="training step, ms")
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
    figure.suptitle(
        f"Cost of a training step: {about['cpu']}, {about['isa']}, {about['threads']} threads"
    )
    figure.savefig(path, dpi=120)


def main() -> int:
    """Print the tables; plot with --png, store with --json."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--png", type=Path, help="where to draw the plot")
    parser.add_argument("--json", type=Path, help="where to store the results")
    options = parser.parse_args()
    if options.png:  # known before minutes are spent
        try:
            import matplotlib  # noqa: F401
        except ImportError:
            print("scaling.py: --png needs matplotlib, which is not installed; "
                  "pip install matplotlib, or leave --png out", file=sys.stderr)  # fmt: skip
            return 1
    fnn.set_num_threads(options.threads)
    results = {}
    for sweep in SWEEPS:
        r = results[sweep.name] = measure(sweep, options.rounds)
        print(f"{sweep.label}: {1e3 * r['constant']:.4g} ms + {1e3 * r['slope']:.4g} ms n")
        for n, t, d in zip(sweep.values, r["seconds"], r["deviations"], strict=True):
            print(f"{n:>8}{1e3 * t:>12.3f} ms{d:>+9.1%}", flush=True)
    about = machine(options.threads)
    if options.png:
        plot(results, about, options.png)
    if options.json:
        options.json.write_text(json.dumps({"machine": about, "results": results}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
