"""The command as a whole: help, version, wrong usage, exit codes, ways to call it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

import fastnn
from fastnn import cli
from fastnn.cli import main


def test_version(run):
    seen = run("--version")
    assert (seen.code, seen.out, seen.err) == (0, f"fastnn {fastnn.__version__}\n", "")


@pytest.mark.parametrize("command", cli.NAMES)
def test_help_has_examples_and_says_what_json_does(run, command):
    seen = run(command, "--help")
    assert seen.code == 0 and seen.err == ""
    assert f"usage: fastnn {command}" in seen.out
    assert f"examples:\n  fastnn {command}" in seen.out
    assert "print one JSON object, nothing else" in seen.out
    assert max(map(len, seen.out.splitlines())) <= 100


def test_help_of_all_names_every_command_and_the_exit_codes(run):
    seen = run("--help")
    assert seen.code == 0
    assert all(f"\n    {name} " in seen.out for name in cli.NAMES)
    assert "Exit codes: 0 well, 1 failed or short of the target, 2 wrong usage, 130" in seen.out


def test_wrong_usage_is_one_line(fails):
    known = "train, predict, evaluate, info, bench, reproduce"
    fails(2, f"COMMAND must be one of {known}, got 'trane'; see fastnn --help", "trane")
    fails(2, "unrecognized arguments: --fast; see fastnn train --help", "train", "--fast")
    fails(2, "unrecognized arguments: --fast; see fastnn --help", "--fast", "train", "--quiet")
    fails(2, "the following arguments are required: MODEL; see fastnn info --help", "info")


def test_no_command(run):
    seen = run()
    line = "fastnn: error: the following arguments are required: COMMAND; see fastnn --help\n"
    assert (seen.code, seen.out, seen.err) == (2, "", line)


def test_errors_of_the_system_are_one_line(run, monkeypatch):
    def deny(arguments):
        raise PermissionError(13, "Permission denied", "digits.fnn")

    monkeypatch.setattr(cli.info, "run", deny)
    seen = run("info", "digits.fnn")
    assert (seen.code, seen.err) == (1, "fastnn: error: digits.fnn: Permission denied\n")


def test_lack_of_memory_is_one_line(run, monkeypatch):
    def fill(arguments):
        raise MemoryError

    monkeypatch.setattr(cli.info, "run", fill)
    line = "fastnn: error: not enough memory; try a smaller network or batch\n"
    assert run("info", "digits.fnn").err == line


def test_a_bug_is_one_line_and_shows_where_it_is_when_asked(run, fails, monkeypatch):
    def stumble(arguments):
        return {}["key"]

    monkeypatch.setattr(cli.info, "run", stumble)
    monkeypatch.delenv("FASTNN_TRACEBACK", raising=False)
    line = "internal error, KeyError: 'key'; FASTNN_TRACEBACK=1 shows where"
    fails(1, line, "info", "digits.fnn")
    monkeypatch.setenv("FASTNN_TRACEBACK", "1")
    seen = run("info", "digits.fnn")
    assert (seen.code, seen.out) == (1, "")
    assert seen.err.startswith("Traceback (most recent call last):\n")
    assert 'return {}["key"]' in seen.err
    assert seen.err.endswith(f"\nKeyError: 'key'\nfastnn: error: {line}\n")


def test_ctrl_c_before_there_is_anything_to_save(run, monkeypatch):
    def stop(arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.info, "run", stop)
    seen = run("info", "digits.fnn")
    assert (seen.code, seen.out, seen.err) == (130, "", "fastnn: interrupted\n")


INTERRUPTED_WHILE_IMPORTED = """
import os, runpy, signal, sys

class Interrupts:
    def find_spec(self, name, path=None, target=None):
        if name == "numpy":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupts())
sys.argv = [{script!r}, "--version"]
sys.orig_argv = [sys.executable, *sys.argv]
import fastnn
"""


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.parametrize(("script", "code"), [("/usr/bin/fastnn", 130), ("program.py", -2)])
def test_ctrl_c_while_the_command_is_imported_is_silent(script, code):
    """130 and nothing else; a program that imports fastnn gets its KeyboardInterrupt."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    seen = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_WHILE_IMPORTED.format(script=script)],
        capture_output=True, text=True, timeout=60, env=environment,
    )  # fmt: skip
    assert (seen.returncode, seen.stdout) == (code, "")
    assert ("KeyboardInterrupt" in seen.stderr) == (code != 130)


def call(*arguments, **options):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    command = [sys.executable, "-m", "fastnn", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, env=environment, **options
    )


def test_python_m_fastnn(tmp_path):
    seen = call("reproduce", "--list", "--json", cwd=tmp_path)
    assert (seen.returncode, seen.stderr) == (0, "")
    assert "lectures" in json.loads(seen.stdout)["systems"]
    seen = call("info", "none.fnn", cwd=tmp_path)
    line = "fastnn: error: info: path must name a file, got 'none.fnn'\n"
    assert (seen.returncode, seen.stdout, seen.stderr) == (1, "", line)


def test_main_takes_the_arguments_of_the_process(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["fastnn", "--version"])
    assert main() == 0
    assert capsys.readouterr().out == f"fastnn {fastnn.__version__}\n"
