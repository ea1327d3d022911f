"""The programs of bench/ that are Python tell how they are used."""

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
