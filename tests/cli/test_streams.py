"""Standard output and standard error that are closed, full or read by nobody."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

CLOSED = "fastnn: error: standard output must be writable, got a closed one\n"
FULL = f"fastnn: error: standard output must be writable, got {os.strerror(28)}\n"

pytestmark = pytest.mark.skipif(os.name != "posix", reason="POSIX shells only")


@pytest.fixture(params=["", "1"], ids=["buffered", "unbuffered"])
def shell(request, trained, tmp_path):
    """``shell("info MODEL >&-")``: exit code, output and errors of a line of the shell."""

    def call(line):
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
            "PYTHONUNBUFFERED": request.param,
            "MODEL": str(trained),
        }
        seen = subprocess.run(
            ["bash", "-c", f'set -o pipefail; "{sys.executable}" -m fastnn {line}'],
            capture_output=True, text=True, timeout=60, env=environment, cwd=tmp_path,
        )  # fmt: skip
        return seen.returncode, seen.stdout, seen.stderr

    return call


def test_output_that_is_closed(shell):
    assert shell('info "$MODEL" >&-') == (1, "", CLOSED)
    assert shell("train --epochs 1 --no-plot >&-") == (1, "", CLOSED)
    assert shell("train --epochs 1 --no-plot --quiet >&-") == (0, "", "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_output_that_is_full(shell):
    assert shell("--help >/dev/full") == (1, "", FULL)
    assert shell("train --epochs 1 --no-plot --json >/dev/full") == (1, "", FULL)
    told = "fastnn: error: info: path must name a file, got 'none'\n"
    assert shell("info none --json >/dev/full") == (1, "", told)
    assert shell("info none 2>/dev/full") == (1, "", "")


def test_errors_that_are_closed_do_not_go_to_the_output(shell):
    told = '{"error": "info: path must name a file, got \'none\'", "exit": 1}\n'
    assert shell("info none --json 2>&-") == (1, told, "")


def test_a_reader_that_leaves_is_no_error(shell):
    assert shell('info "$MODEL" | true')[1:] == ("", "")


def test_what_the_output_cannot_show_is_spelled_out(shell):
    plain = f'PYTHONIOENCODING=ascii PYTHONUTF8=0 "{sys.executable}" -m fastnn info'
    line = f'info "$MODEL" >/dev/null; cp "$MODEL" "数字.fnn"; {plain} "数字.fnn"'
    code, told, errors = shell(line)
    assert (code, errors) == (0, "")
    assert told.startswith("file      \\u6570\\u5b57.fnn: model, format 1, ")
