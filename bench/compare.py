"""Side by side with the rivals: the workloads in turn in ONE run, medians and ratios.

    python bench/compare.py                       # all workloads, 2 threads
    python bench/compare.py --threads 1 --only b10 --json out.json

Each side runs in a process of its own that does timed stretches on request, A B C A B C ..., so that a
shared machine's drift hits all alike. The figure is the median over rounds of (seconds / steps). A
rival whose package is missing is left out with a word. Peak RSS is each process's own.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import platform
import resource
import statistics
import subprocess
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from workloads import WORKLOADS, fastnn_steps, numpy_steps, torch_steps

SIDES = (
    "fastnn", "torch eager", "torch compile", "torch eager nhwc", "torch compile nhwc", "numpy",
)  # fmt: skip
STRETCH = 0.15  # seconds of one timed stretch


def serve(side: str, index: int, threads: int, pipe: Connection) -> None:
    """A side's process: build, warm up, then time stretches of as many steps as it is asked for."""
    workload = WORKLOADS[index]
    try:
        if side == "fastnn":
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


def compare(index: int, sides: list[str], threads: int, rounds: int) -> dict[str, Any]:
    """Times, in seconds a step, of every side over the rounds, taken in turn."""
    context = multiprocessing.get_context("spawn")
    pipes: dict[str, Any] = {}
    times: dict[str, list[float]] = {}
    missing: dict[str, str] = {}
    work = 0.0
    processes = []
    for side in sides:
        mine, theirs = context.Pipe()
        process = context.Process(target=serve, args=(side, index, threads, theirs))
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
        raise SystemExit(f"fastnn must run {WORKLOADS[index].name}, got {missing or sides}")
    for _ in range(rounds):
        for side, pipe in pipes.items():
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
        "workload": WORKLOADS[index].name,
        "seconds": medians,
        "spread": {s: [min(t), max(t)] for s, t in times.items()},
        "rss_mib": rss,
        "missing": missing,
        "gflops": work / medians["fastnn"] / 1e9,
        "bar": WORKLOADS[index].bar,
    }
    rivals = [s for s in medians if s.startswith("torch")]
    if rivals:
        best = min(rivals, key=lambda s: medians[s])
        pairs = zip(times[best], times["fastnn"], strict=True)
        result["ahead_of_torch"] = statistics.median(a / b for a, b in pairs)
    if "numpy" in medians:
        pairs = zip(times["numpy"], times["fastnn"], strict=True)
        result["ahead_of_numpy"] = statistics.median(a / b for a, b in pairs)
    return result


def machine(threads: int) -> dict[str, Any]:
    """What the figures hold for."""
    import fastnn as fnn
    from fastnn.machine import config

    cpu = platform.processor()
    info = Path("/proc/cpuinfo")
    if info.exists():
        cpu = next(
            (l.split(":")[1].strip() for l in info.read_text().splitlines() if "model name" in l),
            cpu,
        )
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    versions = {}
    for name in ("torch", "numpy"):
        try:
            versions[name] = __import__(name).__version__
        except ImportError:
            versions[name] = None
    return {
        "cpu": cpu, "isa": fnn.isa(), "threads": threads, "compiler": config()["compiler"],
        "commit": commit.stdout.strip() or None, **versions,
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
    parser.add_argument("--json", type=Path, help="where to store the results")
    parser.add_argument("--check", action="store_true", help="exit 1 where a bar is missed")
    options = parser.parse_args()
    sides = options.sides.split(",")
    results, missed = [], False
    head = (
        f"{'workload':<32}"
        + "".join(f"{s:>20}" for s in sides)
        + f"{'x torch':>9}{'bar':>7}{'x numpy':>9}{'GFLOP/s':>9}  peak RSS MiB"
    )
    print(head)
    for index, workload in enumerate(WORKLOADS):
        if options.only not in workload.name:
            continue
        r = compare(index, sides, options.threads, options.rounds)
        results.append(r)
        times = "".join(
            f"{r['seconds'][s] * 1e6:>17.1f} us" if s in r["seconds"] else f"{'-':>20}"
            for s in sides
        )
        ahead = r.get("ahead_of_torch")
        missed |= ahead is not None and ahead < workload.bar
        print(
            f"{workload.name:<32}{times}{f'{ahead:.2f}' if ahead else '-':>9}{workload.bar:>7}"
            f"{r.get('ahead_of_numpy', float('nan')):>9.2f}{r['gflops']:>9.1f}  "
            + ", ".join(f"{s} {m:.0f}" for s, m in r["rss_mib"].items()),
            flush=True,
        )
        for side, why in r["missing"].items():
            if not why.startswith("LookupError"):  # not a side of this workload
                print(f"  {side} left out: {why}")
    if options.json:
        options.json.write_text(
            json.dumps({"machine": machine(options.threads), "results": results}, indent=1) + "\n"
        )
    return int(missed and options.check)


if __name__ == "__main__":
    sys.exit(main())
