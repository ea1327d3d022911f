"""Print the JSON of ops_bench, conv_bench or gemm_bench, what is furthest from the peak first.

build/bench/bench/ops_bench --benchmark_out=ops.json
python bench/ops_table.py ops.json                          # --json to keep the figures in short
python bench/ops_table.py ops.json --only memory --most 10
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections import defaultdict
from pathlib import Path
from typing import Any

from compare import machine

NANOSECONDS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}


def read(paths: list[Path]) -> tuple[dict[str, Any], dict[str, dict[str, float]]]:
    """Context of the first file, and per kernel the medians over files and repetitions."""
    files = [json.loads(path.read_text()) for path in paths]
    runs: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for run in (run for file in files for run in file["benchmarks"]):
        if run["run_type"] != "iteration":
            continue
        clock = "real_time" if run["name"].endswith("/real_time") else "cpu_time"
        figures = runs[run["name"].removesuffix("/real_time")]
        figures["ns"].append(run[clock] * NANOSECONDS[run["time_unit"]])
        for counter in ("GB/s", "GFLOP/s", "of_peak"):
            if counter in run:
                figures[counter].append(run[counter])
    medians = {
        name: {key: float(f"{statistics.median(v):.4g}") for key, v in figures.items()}
        for name, figures in runs.items()
    }
    return files[0]["context"], medians


def main() -> None:
    """Print the table; store it with --json."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", type=Path, nargs="+", help="files of --benchmark_out")
    parser.add_argument("--only", default="", help="a part of the kernel's name")
    parser.add_argument("--most", type=int, help="lines to print")
    parser.add_argument("--json", type=Path, help="where to store the results")
    options = parser.parse_args()
    context, results = read(options.runs)
    threads = context.get("threads")  # or each name tells its own
    cores = f", {threads} threads" if threads else ""
    print(f"{context['isa']}{cores}; what has low shares first")
    chosen = [item for item in results.items() if options.only in item[0]]
    chosen.sort(key=lambda item: item[1].get("of_peak", 9.0))
    print(f"{'kernel':<58}{'us':>11}{'GB/s':>8}{'GFLOP/s':>9}{'of peak':>9}")
    for name, r in chosen[: options.most]:
        columns = [
            f"{r[key]:>{width}.{digits}f}" if key in r else " " * width
            for key, width, digits in (("GB/s", 8, 1), ("GFLOP/s", 9, 1), ("of_peak", 9, 3))
        ]
        print(f"{name:<58}{r['ns'] / 1e3:>11.2f}{''.join(columns)}")
    if options.json:
        about = machine(int(threads or 1)) | {"isa": context["isa"]}
        if not threads:
            del about["threads"]
        lines = ",\n".join(
            f"  {json.dumps(n)}: {json.dumps(r)}" for n, r in sorted(results.items())
        )
        options.json.write_text(
            f'{{\n "machine": {json.dumps(about)},\n "results": {{\n{lines}\n }}\n}}\n'
        )


if __name__ == "__main__":
    main()
