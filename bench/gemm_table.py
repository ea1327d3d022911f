"""Print gemm_bench's JSON: per problem, median time and share of the FMA peak of each library."""

import json
import sys
from collections import defaultdict

WHO = ("fastnn", "openblas", "blis", "onednn")


def main(path):
    with open(path) as file:
        runs = json.load(file)["benchmarks"]
    rows = defaultdict(dict)
    for run in runs:
        if run.get("aggregate_name", "median") != "median" or not run["name"].startswith("gemm/"):
            continue
        problem, who = run["run_name"].removesuffix("/real_time").rsplit("/", 1)
        run["time"] = run["real_time" if run["run_name"].endswith("real_time") else "cpu_time"]
        rows[problem][who] = run
    print(f"{'':44s}" + "".join(f"{who:>18s}" for who in WHO))
    for problem, by in rows.items():
        cells = (f"{by[w]['time']:9.2f}us {by[w]['of_peak']:5.0%}" if w in by else "" for w in WHO)
        best = min(by[w]["time"] for w in by if w != "fastnn") if len(by) > 1 else float("nan")
        ratio = best / by["fastnn"]["time"] if "fastnn" in by else float("nan")
        print(
            f"{problem:44s}"
            + "".join(f"{c:>18s}" for c in cells)
            + f"  best rival / fastnn {ratio:5.2f}"
        )


if __name__ == "__main__":
    main(sys.argv[1])
