"""Systems that train: their reports, and that a figure below the least falls short."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fastnn import datasets
from fastnn.data import Dataset
from fastnn.history import History
from fastnn.reproduce import (
    Options,
    alexnet,
    cifar,
    cifar10_subset,
    lenet5,
    mnist_99,
    network3,
    resnet_cifar,
)
from fastnn.reproduce.trainings import Goal, Trainings


def history(*accuracies):
    return History(
        accuracy=[0.5] * len(accuracies),
        val_accuracy=list(accuracies),
        seconds=[1.0] * len(accuracies),
    )


@pytest.fixture
def small(monkeypatch):
    """MNIST and the subset of CIFAR-10, a few of each."""
    mnist, subset = datasets.mnist, cifar.subset
    for module in (lenet5, mnist_99, network3):
        monkeypatch.setattr(
            module.datasets, "mnist", lambda root: tuple(part[:2000] for part in mnist(root))
        )
    for module in (resnet_cifar, cifar10_subset, alexnet):
        monkeypatch.setattr(
            module, "subset", lambda root: tuple(part[:256] for part in subset(root))
        )


def test_a_report_of_trainings(tmp_path):
    path = str(tmp_path / "curves.png")
    trainings = Trainings(Options(plot=path))
    trainings.train(Goal("the best", 90.0, 1.0, best=True), lambda: history(0.5, 0.9, 0.8))
    trainings.train(Goal("the last", 90.0, 1.0), lambda: history(0.5, 0.9, 0.8))
    trainings.train("no verdict", lambda: history(0.1))
    trainings.compare(Goal("together", 90.0, 0.5), 89.5)
    report = trainings.finish()
    rows = [[row[name] for name in ("experiment", "expected %", "tolerance", "best %", "epoch",
                                    "last %", "result")] for row in report.rows]  # fmt: skip
    assert rows == [
        ["the best", "90.00", "1.00", "90.00", 2, "80.00", "ok"],
        ["the last", "90.00", "1.00", "90.00", 2, "80.00", "short"],
        ["no verdict", "", "", "10.00", 1, "10.00", ""],
        ["together", "90.00", "0.50", "", "", "89.50", "ok"],
    ]
    assert not report.passed and report.notes == [f"learning curves saved to {path}"]
    assert os.path.getsize(path) > 1000
    assert all(len(report.cells(row)) == len(report.head) for row in report.rows)


def test_a_plot_of_several_together(tmp_path, monkeypatch):
    path = str(tmp_path / "together.png")
    trainings = Trainings(Options(plot=path))
    for name in "abc":
        trainings.train(name, lambda: history(0.5, 0.6))
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert trainings.finish(together="ac").notes == [
        "no plot: comparison: matplotlib must be installed, got none; pip install matplotlib"
    ]
    assert not os.path.exists(path)
    monkeypatch.undo()
    pytest.importorskip("matplotlib")
    trainings.report.notes.clear()
    assert trainings.finish(together="ac").notes == [f"learning curves saved to {path}"]
    assert os.path.getsize(path) > 1000


def test_mnist_99(shared_data, small, monkeypatch):
    monkeypatch.setattr(mnist_99, "EPOCHS", 1)
    monkeypatch.setattr(mnist_99, "SEEDS", (4,))
    report = mnist_99.run(Options(str(shared_data)))
    (row,) = report.rows
    assert (row["experiment"], row["expected %"], row["result"]) == (
        "lenet5(), seed 4", "99.00", "short",
    )  # fmt: skip
    assert 20 < float(row["last %"]) < 99 and not report.passed


def test_lenet5(shared_data, small, monkeypatch):
    quick = [replace(e, epochs=1, goal=replace(e.goal, tolerance=95)) for e in lenet5.EXPERIMENTS]
    monkeypatch.setattr(lenet5, "EXPERIMENTS", tuple(quick))
    report = lenet5.run(Options(str(shared_data)))
    assert [row["experiment"] for row in report.rows] == [
        "lenet5()", "lenet5(original=True)", "the same, distorted images",
    ]  # fmt: skip
    assert report.passed and all(10 < float(row["last %"]) < 98 for row in report.rows)


def test_network3(shared_data, small, monkeypatch):
    quick = [replace(r, epochs=1) for r in network3.RUNGS]
    monkeypatch.setattr(network3, "RUNGS", tuple(quick))
    monkeypatch.setattr(network3, "MEMBERS", 2)
    report = network3.run(Options(str(shared_data)))
    names = [row["experiment"] for row in report.rows]
    assert names == [r.goal.experiment for r in quick] + [
        "the same, seed 1", "committee of 5 of these",
    ]  # fmt: skip
    assert not report.passed and {row["result"] for row in report.rows} == {"short"}


def test_the_published_ladder():
    assert [r.goal.expected for r in network3.RUNGS] == [98.78, 99.06, 99.23, 99.37, 99.60]
    assert network3.COMMITTEE.expected == 99.67 and network3.MEMBERS == 5
    goals = [r.goal for r in network3.RUNGS] + [network3.COMMITTEE]
    assert all(goal.tolerance == 0.1 for goal in goals)
    counts = [sum(p.size for p in network3.network(r, 0).parameters.values())
              for r in network3.RUNGS]  # fmt: skip
    assert counts == [289_630, 85_670, 85_670, 85_670, 1_672_570]


def test_vote():
    one = np.zeros((5, 2, 3), np.float32)
    one[:3, 0, 1] = 0.4  # three of five, though the others are surer
    one[3:, 0, 2] = 1.0
    one[:2, 1, 0], one[2:4, 1, 2], one[4, 1, 1] = 0.5, 0.9, 1.0  # two and two: the surer
    assert network3.vote(one).tolist() == [1, 2]


def test_resnet_cifar(shared_data, small, monkeypatch):
    monkeypatch.setattr(resnet_cifar, "EPOCHS", 1)
    monkeypatch.setattr(resnet_cifar, "SEEDS", (0, 1))
    monkeypatch.setattr(resnet_cifar, "DEPTHS", (20, 8))
    report = resnet_cifar.run(Options(str(shared_data)))
    assert [row["experiment"] for row in report.rows] == [
        "ResNet-20", "ResNet-20, seed 1", "ResNet-20, mean of 9 seeds",
        "plain-20", "ResNet-20 above plain-20", "ResNet-8", "plain-8", "ResNet-8 above plain-8",
    ]  # fmt: skip
    rows = {row["experiment"]: row for row in report.rows}
    mean = (float(rows["ResNet-20"]["last %"]) + float(rows["ResNet-20, seed 1"]["last %"])) / 2
    assert abs(float(rows["ResNet-20, mean of 9 seeds"]["last %"]) - mean) < 0.011
    assert rows["ResNet-8 above plain-8"]["expected %"] == rows["plain-8"]["last %"]
    assert rows["ResNet-8 above plain-8"]["last %"] == rows["ResNet-8"]["last %"]


def test_what_resnet_is_held_against():
    results = Path(__file__).parents[2] / "bench" / "results" / "accuracy-resnet20.json"
    if not results.exists():
        pytest.skip("bench/results is not in source distributions")
    measured = json.loads(results.read_text())
    assert [run["seed"] for run in measured["runs"]] == list(resnet_cifar.SEEDS)
    assert measured["epochs"] == resnet_cifar.EPOCHS
    assert round(measured["mean"], 2) == resnet_cifar.PYTORCH.expected
    assert resnet_cifar.PYTORCH.tolerance == 0.5


def test_cifar10_subset(shared_data, small, monkeypatch, tmp_path):
    pytest.importorskip("matplotlib")
    quick = [replace(e, epochs=1) for e in cifar10_subset.EXPERIMENTS]
    monkeypatch.setattr(cifar10_subset, "EXPERIMENTS", tuple(quick))
    path = str(tmp_path / "time.png")
    report = cifar10_subset.run(Options(str(shared_data), path))
    assert [row["experiment"] for row in report.rows] == [e.goal.experiment for e in quick]
    assert {row["result"] for row in report.rows} == {"short"}
    assert report.notes == [f"learning curves saved to {path}"] and os.path.getsize(path) > 1000


def test_alexnet(shared_data, small, monkeypatch):
    quick = [replace(e, epochs=1) for e in alexnet.EXPERIMENTS]
    monkeypatch.setattr(alexnet, "EXPERIMENTS", tuple(quick))
    report = alexnet.run(Options(str(shared_data)))
    assert [row["experiment"] for row in report.rows] == [e.goal.experiment for e in quick]
    assert {row["result"] for row in report.rows} == {"short"}
    assert {e.optimizer for e in quick} == {"adam", "sgd"}


def test_images_are_enlarged(shared_data):
    train, _ = cifar.subset(str(shared_data))
    large = alexnet.enlarged(train[:3])
    assert large.x.shape == (3, 3, 72, 72) and (large.y == train.y[:3]).all()
    # Two and a quarter pixels of the large image in the place of one: the means agree.
    assert np.abs(large.x.mean((2, 3)) - train.x[:3].mean((2, 3))).max() < 0.02


def test_the_subset_is_normalised(shared_data):
    train, held_out = cifar.subset(str(shared_data))
    assert (len(train), len(held_out)) == (10_000, 3_000)
    assert np.abs(train.x.mean((0, 2, 3))).max() < 1e-3
    assert np.abs(train.x.std((0, 2, 3)) - 1).max() < 1e-3
    assert cifar.shifted(Dataset(held_out.x[:4], held_out.y[:4]), 0).shape == (3, 32, 32)
