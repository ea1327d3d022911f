"""The command in this process, in a folder of its own."""

from __future__ import annotations

import json
import shutil

import pytest

from fastnn.cli import main


class Result:
    """Exit code, standard output and standard error of a run."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def json(self):
        """The one JSON object on standard output."""
        assert self.out.count("\n") == 1
        return json.loads(self.out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    """``run("train", "--json")``; the current folder is empty at first."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        capsys.readouterr()
        code = main([str(a) for a in arguments])
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return call


@pytest.fixture
def fails(run):
    """``fails(code, line, *arguments)``: one line on standard error, nothing on standard output."""

    def call(code, line, *arguments):
        seen = run(*arguments)
        assert (seen.err, seen.out, seen.code) == (f"fastnn: error: {line}\n", "", code)
        seen = run(*arguments, "--json")
        assert seen.json == {"error": line, "exit": code}
        assert (seen.err, seen.code) == (f"fastnn: error: {line}\n", code)

    return call


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A model that ``fastnn train`` made."""
    path = tmp_path_factory.mktemp("trained") / "digits.fnn"
    assert main(["train", "--output", str(path), "--quiet", "--no-plot", "--epochs", "20"]) == 0
    return path


@pytest.fixture
def model(trained, tmp_path):
    """A copy of the trained model as ``digits.fnn`` in the current folder."""
    shutil.copy(trained, tmp_path / "digits.fnn")
    return "digits.fnn"
