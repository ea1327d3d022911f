"""Side by side with the rivals: the workloads in turn in ONE run, medians and ratios.

    python bench/compare.py                       # all workloads, 2 threads
    python bench/compare.py --threads 1 --only b10 --json out.json
    python bench/compare.py --precision bf16      # trainings, PyTorch's by autocast

Each side runs in a process of its own that does timed stretches on request, A B C A B C ..., so that a
shared machine's drift hits all alike. The figure is the median over rounds of (seconds / steps). A
rival whose package is missing is left out with a word. Peak RSS is each process's own.
"""

from __future__ import annotations

import argparse
import datetime
import json
import multiprocessing
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from workloads import WORKLOADS, Workload, fastnn_steps, numpy_steps, torch_steps

SIDES = (
    "fastnn", "torch eager", "torch compile", "torch eager nhwc", "torch compile nhwc", "numpy",
)  # fmt: skip
FLOAT32 = "fastnn float32"  # a side beside bf16
LAST = Path(__file__).parent / "results" / "last-compare.json"
STRETCH = 0.15  # seconds of one timed stretch
# Seconds before each: idle threads of the side before still wait awake on its cores for some time.
# One prediction by AlexNet, which reads its weights at memory's speed: 1.13 and 1.19 times ahead of
# PyTorch without the pause, 1.24 and 1.26 with it, in turn.
PAUSE = 0.1


def serve(side: str, workload: Workload, threads: int, pipe: Connection) -> None:
    """A side's process: build, warm up, then time stretches of as many steps as it is asked for."""
    try:
        if side == FLOAT32:
            steps = fastnn_steps(replace(workload, precision="float32"), threads)
        elif side == "fastnn":
            steps = fastnn_steps(workload, threads)
        elif side == "numpy":
            steps = numpy_steps(workload, threads)
        else:
            steps = torch_steps(workload, threads, "compile" in side, "nhwc" in side)
        for _ in range(3):
            steps.run(steps.unit)
        count = steps.unit
        while True:  # as many steps as fill a stretch
            began = time.perf_counter()
            steps.run(count)
            took = time.perf_counter() - began
            if took > STRETCH / 2:
                break
            count *= 2
        count = max(steps.unit, round(count * STRETCH / took / steps.unit) * steps.unit)
        pipe.send(("ready", steps.flops))
    except Exception as error:
        pipe.send(("missing", f"{type(error).__name__}: {error}"))
        return
    while pipe.recv():
        began = time.perf_counter()
        steps.run(count)
        pipe.send((time.perf_counter() - began) / count)
    pipe.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def compare(workload: Workload, sides: list[str], threads: int, rounds: int) -> dict[str, Any]:
    """Times, in seconds a step, of every side over the rounds, taken in turn."""
    context = multiprocessing.get_context("spawn")
    pipes: dict[str, Any] = {}
    times: dict[str, list[float]] = {}
    missing: dict[str, str] = {}
    work = 0.0
    processes = []
    for side in sides:
        mine, theirs = context.Pipe()
        process = context.Process(target=serve, args=(side, workload, threads, theirs))
        process.start()
        processes.append(process)
        word, value = mine.recv()
        if word == "ready":
            pipes[side], times[side] = mine, []
            work = max(work, value)
        else:
            missing[side] = value.splitlines()[0]
    if "fastnn" not in pipes:
        for pipe in pipes.values():
            pipe.send(False)
        raise SystemExit(f"fastnn must run {workload.name}, got {missing or sides}")
    for _ in range(rounds):
        for side, pipe in pipes.items():
            time.sleep(PAUSE)
            pipe.send(True)
            times[side].append(pipe.recv())
    rss = {}
    for side, pipe in pipes.items():
        pipe.send(False)
        rss[side] = pipe.recv()
    for process in processes:
        process.join()
    medians = {side: statistics.median(t) for side, t in times.items()}
    result: dict[str, Any] = {
        "workload": workload.name,
        "seconds": medians,
        "spread": {s: [min(t), max(t)] for s, t in times.items()},
        "rss_mib": rss,
        "missing": missing,
        "gflops": work / medians["fastnn"] / 1e9,
        "bar": workload.bar,
    }

    def ahead_of(side: str) -> float:
        pairs = zip(times[side], times["fastnn"], strict=True)
        return statistics.median(a / b for a, b in pairs)

    rivals = [s for s in medians if s.startswith("torch")]
    if rivals:
        result["ahead_of_torch"] = ahead_of(min(rivals, key=lambda s: medians[s]))
    if "numpy" in medians:
        result["ahead_of_numpy"] = ahead_of("numpy")
    if FLOAT32 in medians:
        result["ahead_of_float32"] = ahead_of(FLOAT32)
    return result


def workloads(precision: str, only: str) -> list[Workload]:
    """Those of that name, in that precision: trainings alone where it is bf16.

    There the bar is to be ahead of PyTorch.
    """
    chosen = [w for w in WORKLOADS if only in w.name]
    if precision == "float32":
        return chosen
    return [replace(w, precision=precision, bar=1.0) for w in chosen if not w.predicts]


def machine(threads: int) -> dict[str, Any]:
    """What the figures hold for."""
    import fastnn as fnn
    from fastnn.machine import config

    cpu = platform.processor()
    info = Path("/proc/cpuinfo")
    if info.exists():
        first = info.read_text().split("\n\n")[0]
        about = {key.strip(): value.strip() for key, _, value in
                 (line.partition(":") for line in first.splitlines())}  # fmt: skip
        cpu = about.get("model name", cpu)
        if "cpu family" in about:  # a virtual machine may tell no more of the name than its maker
            cpu += f", family {about['cpu family']} model {about['model']}"
    describe = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    commit = subprocess.run(describe, capture_output=True, text=True, check=False)
    versions = {}
    for name in ("torch", "numpy"):
        try:
            versions[name] = __import__(name).__version__
        except ImportError:
            versions[name] = None
    return {
        "cpu": cpu, "isa": fnn.isa(), "bf16": config()["bf16"], "threads": threads,
        "compiler": config()["compiler"], "commit": commit.stdout.strip() or None,
        "date": datetime.date.today().isoformat(), **versions,
    }  # fmt: skip


def main() -> int:
    """Print the table; store it with --json; exit 1 where a bar is missed and --check is given."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--only", default="", help="a part of the workload's name")
    parser.add_argument("--sides", default=",".join(SIDES))
    parser.add_argument("--precision", choices=("float32", "bf16"), default="float32")
    parser.add_argument(
        "--json",
        type=Path,
        default=LAST,
        help="where to store them (bench/results/last-compare.json)",
    )
    parser.add_argument("--check", action="store_true", help="exit 1 where a bar is missed")
    options = parser.parse_args()
    os.environ["OPENBLAS_NUM_THREADS"] = str(options.threads)  # NumPy's, read when it is imported
    bf16 = options.precision == "bf16"
    beside = "float32" if bf16 else "numpy"  # what is no rival of every workload
    sides = [FLOAT32 if bf16 and s == "numpy" else s for s in options.sides.split(",")]
    results, missed = [], False
    print(
        f"{'workload':<36}"
        + "".join(f"{s:>20}" for s in sides)
        + f"{'x torch':>9}{'bar':>7}{f'x {beside}':>11}{'GFLOP/s':>9}  peak RSS MiB"
    )
    for workload in workloads(options.precision, options.only):
        r = compare(workload, sides, options.threads, options.rounds)
        results.append(r)
        times = "".join(
            f"{r['seconds'][s] * 1e6:>17.1f} us" if s in r["seconds"] else f"{'-':>20}"
            for s in sides
        )
        ahead = r.get("ahead_of_torch")
        missed |= ahead is not None and ahead < workload.bar
        print(
            f"{workload.name:<36}{times}{f'{ahead:.2f}' if ahead else '-':>9}{workload.bar:>7}"
            f"{r.get(f'ahead_of_{beside}', float('nan')):>11.2f}{r['gflops']:>9.1f}  "
            + ", ".join(f"{s} {m:.0f}" for s, m in r["rss_mib"].items()),
            flush=True,
        )
        for side, why in r["missing"].items():
            if not why.startswith("LookupError"):  # not a side of this workload
                print(f"  {side} left out: {why}")
    document = {"machine": machine(options.threads), "rounds": options.rounds, "results": results}
    options.json.write_text(json.dumps(document, indent=1) + "\n")
    return int(missed and options.check)


if __name__ == "__main__":
    sys.exit(main())
