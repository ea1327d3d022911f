"""``fastnn bench``: a figure for each workload (no judgement of it: machines differ)."""

from __future__ import annotations

import fastnn as fnn


def test_text_and_json(run):
    told = run("bench", "--seconds", 0.001, "--threads", 1, "--json").json
    assert told["machine"]["isa"] == fnn.isa() and told["machine"]["threads"] == 1
    assert len(told["results"]) == 5
    assert all(0 < r["best"] <= r["microseconds"] for r in told["results"])
    seen = run("bench", "--seconds", 0.001)
    assert (seen.code, seen.err) == (0, "")
    names = [r["workload"] for r in told["results"]]
    assert [
        line[: len(n)] for line, n in zip(seen.out.splitlines()[3:], names, strict=True)
    ] == names


def test_errors(fails):
    line = "argument --seconds: must be a number > 0, got '-1'; see fastnn bench --help"
    fails(2, line, "bench", "--seconds", "-1")
