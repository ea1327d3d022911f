"""The programs of bench/ that are Python tell how they are used, and the first one runs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[1] / "bench"
PROGRAMS = sorted(p.name for p in BENCH.glob("*.py") if "argparse" in p.read_text())


@pytest.mark.parametrize("name", PROGRAMS)
def test_help(name):
    run = subprocess.run(
        [sys.executable, BENCH / name, "--help"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith(f"usage: {name}")
    assert len(PROGRAMS) >= 5


def test_a_comparison_runs_and_is_stored(tmp_path):
    """The smallest workload once, whatever its time: what is stored says what it is of."""
    stored = tmp_path / "a.json"
    command = [sys.executable, BENCH / "compare.py", "--only", "784-30-10", "--rounds", "1"]
    run = subprocess.run(
        [*command, "--sides", "fastnn", "--json", stored],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    document = json.loads(stored.read_text())
    assert document["rounds"] == 1 and document["machine"]["isa"] and document["machine"]["date"]
    assert document["results"]
    for result in document["results"]:
        assert result["seconds"]["fastnn"] > 0 and result["rss_mib"]["fastnn"] > 0
