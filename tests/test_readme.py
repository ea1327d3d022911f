"""The Python code of README.md runs as it stands, and its commands are real."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

import fastnn
from fastnn.cli import NAMES, parser

README = Path(__file__).resolve().parents[1] / "README.md"
TEXT = README.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", TEXT, re.M | re.S)


def test_python_blocks_run_one_after_the_other(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    blocks = [code for language, code in BLOCKS if language == "python"]
    assert blocks
    names: dict[str, object] = {}
    for code in blocks:
        exec(compile(code, "README.md", "exec"), names)  # noqa: S102
    assert names["accuracy"] >= 0.97


def commands():
    lines = [code for language, code in BLOCKS if language == "sh"]
    for line in "\n".join(lines).splitlines():
        for command in re.split(r"&&|\|", line.partition(" #")[0]):
            words = shlex.split(command)
            if words and words[0] == "fastnn":
                yield words[1:]


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_commands_are_understood(words):
    assert words[0] in NAMES
    assert parser().parse_args(words).command == words[0]


def test_the_files_it_names_exist():
    for path in re.findall(r"\]\(([^)#:]+)\)", TEXT):
        assert (README.parent / path).exists(), path


def test_the_changelog_has_this_version_or_what_is_to_be_in_the_next():
    changelog = (README.parent / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## \[(.+?)\]", changelog, re.M)
    assert versions[0] in (fastnn.__version__, "Unreleased")
    released = [tuple(map(int, v.split("."))) for v in versions if v != "Unreleased"]
    assert released == sorted(released, reverse=True)
    assert all(v <= tuple(map(int, fastnn.__version__.split("."))) for v in released)
