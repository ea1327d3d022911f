"""What batching costs as a share of a training step: the bar is 5%.

    python bench/batching.py                        # three networks, three sources, shuffled, 2 threads
    python bench/batching.py --only b10 --json out.json

Measured in turn, round after round in one run, medians:

- fit: ``Trainer.fit`` over shuffled data, as a user calls it; an epoch's time by its steps;
- alone: the epoch's order drawn and each of its batches gathered, by the kernels that fit uses,
  on one thread. A call from Python costs as much as a small batch, so that of calls for no rows is
  taken off;
- hot: fit on one batch again and again, whose rows are in the cache, in order. What fit takes longer
  than that, and what gathering those rows takes, is what batching costs: its share of fit is what
  the bar is for. It is less than that of `alone` where rows come from memory while a step computes.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from compare import machine
from workloads import WORKLOADS, Workload, optimizer_of

import fastnn as fnn
from fastnn import _core
from fastnn.data import Batches, Dataset
from networks import NETWORKS

BAR = 0.05
ROWS = 60000  # of MNIST: float32 is 188 MB, far beyond the caches
STRETCH = 0.1  # seconds of one timed stretch, about


def sources(width: int, folder: Path) -> dict[str, tuple[np.ndarray, float | None]]:
    """The three kinds of data, with their scale."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (ROWS, width), dtype=np.uint8)
    np.save(folder / "pixels.npy", pixels)
    return {
        "float32": (pixels.astype(np.float32) / 255, None),
        "uint8": (pixels, 1 / 255),
        "uint8 mapped .npy": (np.load(folder / "pixels.npy", mmap_mode="r"), 1 / 255),
    }


def trainer_of(w: Workload) -> fnn.Trainer:
    """The network as a user builds it."""
    return fnn.Trainer(NETWORKS[w.network].fastnn(), w.loss, optimizer_of(w))


def clock(run: Callable[[], Any]) -> float:
    """Seconds."""
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def measure(
    w: Workload, x: np.ndarray, scale: float | None, threads: int, rounds: int
) -> dict[str, Any]:
    """Seconds a step of each of the four, round by round, and the shares."""
    labels = np.random.default_rng(1).integers(0, NETWORKS[w.network].classes, ROWS)
    y = (
        np.eye(NETWORKS[w.network].classes, dtype=np.float32)[labels]
        if w.loss == "quadratic"
        else labels
    )
    trainer = trainer_of(w)
    whole = Dataset(x, y, scale=scale)
    trainer.fit(whole[: 20 * w.batch], 1, w.batch, verbose=0)
    batch = whole.gather(np.arange(w.batch))
    seconds = min(clock(lambda: trainer.step(*batch)) for _ in range(20))
    steps = max(1, min(ROWS // w.batch, round(STRETCH / seconds)))

    # Neighbours among the rows would stay in the cache: a stretch draws its rows from all of them.
    picked = np.random.default_rng(2).permutation(ROWS)[: steps * w.batch]
    data = whole[picked]
    hot = whole[np.tile(picked[: w.batch], steps)]

    def gather(source: Dataset, shuffle: bool, rows: int) -> None:
        batches = Batches(source, w.batch, shuffle=shuffle)
        order = source.rows(batches.order(trainer.epoch))
        for at in range(0, len(order), w.batch):
            numbers = order[at : at + rows]
            for column in (*source.inputs, *source.targets):
                dtype = "int64" if column.is_integer else "float32"
                _core.gather_rows(column.array, numbers, column.scale, column.offset, dtype)

    def alone(source: Dataset, shuffle: bool) -> float:
        fnn.set_num_threads(1)
        took = clock(lambda: gather(source, shuffle, w.batch))
        took -= clock(lambda: gather(hot, False, 0))
        fnn.set_num_threads(threads)
        return took / steps

    def fit(source: Dataset, shuffle: bool) -> float:
        run = trainer.fit
        return clock(lambda: run(source, 1, w.batch, shuffle=shuffle, verbose=0)) / steps

    times: dict[str, list[float]] = {"fit": [], "alone": [], "hot": [], "hot_alone": []}
    for _ in range(rounds):
        times["alone"].append(alone(data, True))
        times["fit"].append(fit(data, True))
        times["hot_alone"].append(alone(hot, False))
        times["hot"].append(fit(hot, False))
    together = list(zip(*times.values(), strict=True))
    share = statistics.median((fit - hot + own) / fit for fit, _, hot, own in together)
    apart = statistics.median(alone / fit for fit, alone, _, _ in together)
    medians = {name: statistics.median(t) for name, t in times.items()}
    return {"steps": steps, "seconds": medians, "share": share, "alone_share": apart}


def main() -> int:
    """Print the table; store it with --json; exit 1 where the bar is missed and --check is given."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", default="", help="a part of the workload's name")
    parser.add_argument("--json", type=Path, help="where to store the results")
    parser.add_argument("--check", action="store_true", help="exit 1 where a share is above 5%%")
    options = parser.parse_args()
    fnn.set_num_threads(options.threads)
    results = []
    head = f"{'workload':<30}{'source':<19}{'fit us':>10}{'hot us':>10}{'share':>8}"
    print(head + f"{'alone us':>10}{'share':>8}")
    chosen = [w for w in WORKLOADS if w.name.startswith("mlp") and options.only in w.name]
    with tempfile.TemporaryDirectory() as folder:
        kinds = sources(NETWORKS[chosen[0].network].shape[0], Path(folder)) if chosen else {}
        for w in chosen:
            for source, (x, scale) in kinds.items():
                r = measure(w, x, scale, options.threads, options.rounds)
                results.append({"workload": w.name, "source": source, **r})
                s = {name: 1e6 * value for name, value in r["seconds"].items()}
                print(
                    f"{w.name:<30}{source:<19}{s['fit']:>10.1f}{s['hot']:>10.1f}{r['share']:>8.1%}"
                    f"{s['alone']:>10.2f}{r['alone_share']:>8.1%}",
                    flush=True,
                )
    if options.json:
        options.json.write_text(
            json.dumps({"machine": machine(options.threads), "results": results}, indent=1) + "\n"
        )
    return int(options.check and any(r["share"] > BAR for r in results))


if __name__ == "__main__":
    sys.exit(main())
