"""``fastnn train --network``: the classics by name."""

from __future__ import annotations

import os

import pytest

import fastnn as fnn


def test_a_residual_network_learns_the_digits(run):
    seen = run("train", "--network", "resnet20", "--epochs", 3, "--lr", 0.003, "--no-plot")
    assert (seen.code, seen.err) == (0, "")
    lines = seen.out.splitlines()
    assert lines[1].startswith(
        "network of 20 layers with weights, 269,434 parameters, cross_entropy"
    )
    assert float(lines[2].split()[2].rstrip("%,")) >= 90.0
    again = run("evaluate", "digits.fnn", "--json").json
    assert f"{again['accuracy']:.2%}" == lines[2].split()[2].rstrip(",")


def test_lenet_learns_mnist(run):
    folder = os.environ.get("FASTNN_DATA", "")
    if not os.path.isdir(os.path.join(folder, "mnist")):
        pytest.skip("the MNIST files are not in FASTNN_DATA")
    seen = run(
        "train", "mnist", "--network", "lenet5", "--data", os.path.join(folder, "mnist"), "--epochs", 1,
        "--lr", 0.002, "--json", "--no-plot",
    )  # fmt: skip
    assert seen.code == 0 and seen.json["network"] == "lenet5"
    assert seen.json["parameters"] == 61706 and seen.json["test_accuracy"] >= 0.97
    assert fnn.load("mnist.fnn").predict([[[[0.0] * 28] * 28]]).shape == (1, 10)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--network", "lenet5"),
         "argument --network: must be mlp or resnet20 with digits, for lenet5 takes 28 x 28 pixels of "
         "one channel"),
        (("--network", "resnet20", "--hidden", "10"),
         "argument --hidden: must be left out with --network resnet20"),
        (("--network", "resnet20", "--dropout", "0.5"),
         "argument --dropout: must be left out with --network resnet20"),
        (("--network", "resnet20", "--loss", "mse"),
         "argument --loss: must be cross_entropy with --network resnet20"),
        (("--network", "vgg"),
         "argument --network: must be one of mlp, lenet5, resnet20, got 'vgg'; see fastnn train --help"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told(fails, arguments, line):
    fails(2, line, "train", *arguments)
