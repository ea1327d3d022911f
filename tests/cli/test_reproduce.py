"""``fastnn reproduce``: the table, its JSON, and the exit code where a figure falls short."""

from __future__ import annotations

import os

import pytest

import fastnn.reproduce
from fastnn.reproduce import Report, System

NAMES = [
    "lectures",
    "nielsen",
    "mnist-99",
    "lenet5",
    "network3",
    "cifar10-subset",
    "resnet-cifar",
    "alexnet",
    "parameters",
]


@pytest.fixture
def system(monkeypatch):
    """A system that tells what it was called with, and falls short when told so."""
    seen = {"result": "ok"}

    def compute(options):
        seen["options"] = options
        row = {"quantity": "q", "ours": 0.5, "result": seen["result"]}
        return Report(["quantity", "ours", "result"], [row], ["a note"])

    made = System("toy", "A toy", "0 s", compute, has_plot=True)
    monkeypatch.setattr(fastnn.reproduce, "SYSTEMS", (made,))
    return seen


def test_list(run):
    seen = run("reproduce", "--list")
    assert (seen.code, seen.err) == (0, "")
    assert [line.split()[0] for line in seen.out.splitlines()[2:]] == NAMES
    assert run("reproduce", "--list", "--json").json == {"systems": NAMES}


def test_table(run, system):
    os.mkdir("d")
    seen = run("reproduce", "toy", "--data", "d", "--plot", "a.png")
    assert (seen.code, seen.err) == (0, "")
    assert (
        seen.out
        == "A toy\nquantity  ours  result\n----------------------\nq         0.5   ok\na note\n"
    )
    options = system["options"]
    assert (options.data, options.plot, options.verbose) == ("d", "a.png", 1)
    run("reproduce", "toy")
    assert system["options"].plot == "toy.png"
    run("reproduce", "toy", "--no-plot")
    assert system["options"].plot is None


def test_short_is_exit_code_1(run, system):
    system["result"] = "short"
    assert run("reproduce", "toy").code == 1
    seen = run("reproduce", "toy", "--json")
    assert seen.code == 1 and seen.json["passed"] is False
    assert seen.json["rows"] == [{"quantity": "q", "ours": 0.5, "result": "short"}]


def test_lectures(run):
    seen = run("reproduce", "lectures")
    assert (seen.code, seen.err) == (0, "")
    assert seen.out.splitlines()[-1] == (
        "74 printed figures: 55 equal (rounded or cut off as printed), 3 differ as the lecture "
        "rounds on the way, 16 are slips of the lectures, explained, 0 are not met"
    )
    told = run("reproduce", "lectures", "--json").json
    assert told["passed"] is True and told["plot"] is None and not os.listdir()


def test_errors(fails):
    see = "see fastnn reproduce --list"
    line = f"the following arguments are required: SYSTEM, one of {', '.join(NAMES)}; {see}"
    fails(2, line, "reproduce")
    line = f"argument SYSTEM: must be one of {', '.join(NAMES)}, got 'lenet'; {see}"
    fails(2, line, "reproduce", "lenet")
    line = "--data must name a folder that exists, got 'none'"
    fails(1, line, "reproduce", "nielsen", "--data", "none")
    line = "--plot must name a file in a folder that exists, got 'none/a.png'"
    fails(1, line, "reproduce", "nielsen", "--plot", "none/a.png")


def test_plots_are_checked_before_the_work(fails, system):
    """What would otherwise be told after it, with the results lost."""
    line = "argument --plot: must end in .png, got 'a.txt'"
    fails(2, line, "reproduce", "toy", "--plot", "a.txt")
    line = "argument --plot: must be left out with --no-plot"
    fails(2, line, "reproduce", "toy", "--plot", "a.png", "--no-plot")
    assert "options" not in system


def test_a_system_without_a_plot_draws_none(fails):
    line = "argument --plot: must be left out with lectures, which draws nothing"
    fails(2, line, "reproduce", "lectures", "--plot", "a.png")
