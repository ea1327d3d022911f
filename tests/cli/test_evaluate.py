"""``fastnn evaluate``: accuracy, loss and confusion on the data set a model is for."""

from __future__ import annotations

import numpy as np
import pytest

import fastnn as fnn


def test_text_and_json_tell_the_same(run, model):
    _, test = fnn.datasets.digits()
    predicted = fnn.load(model).predict(test).argmax(1)
    right = int((predicted == test.y).sum())
    seen = run("evaluate", model)
    assert (seen.code, seen.err) == (0, "")
    lines = seen.out.splitlines()
    assert lines[0] == f"digits: {right} of 360 test images right"
    assert lines[1].startswith(f"accuracy {right / 360:.2%}, cross_entropy 0.")
    assert lines[2].split() == ["class", *map(str, range(10))]
    assert lines[4].split()[0] == "right" and len(lines) == 5
    told = run("evaluate", model, "digits", "--json", "--threads", 1).json
    assert told["accuracy"] == np.float64(right) / 360 or abs(told["accuracy"] - right / 360) < 1e-6
    assert told["samples"] == 360 and told["loss_name"] == "cross_entropy"
    matrix = np.array(told["confusion"])
    assert matrix.shape == (10, 10) and matrix.trace() == right and matrix.sum() == 360
    assert (matrix.sum(1) == np.bincount(test.y)).all()


def test_the_loss_follows_from_the_last_layer(run):
    for activation, loss in [
        ("sigmoid", "binary_cross_entropy"), ("log_softmax", "nll_loss"), (None, "quadratic"),
    ]:  # fmt: skip
        layers = [fnn.nn.Flatten(), fnn.nn.Dense(10, activation)]
        fnn.Model(layers, input_shape=(1, 8, 8)).save("a.fnn")
        assert run("evaluate", "a.fnn", "--json").json["loss_name"] == loss


@pytest.mark.parametrize("shape", [(64,), (8, 8)])
def test_images_take_the_shape_of_the_input(run, shape):
    """As predict does; the numbers are those of the same network on images."""
    seen = []
    for form in (shape, (1, 8, 8)):
        layers = [fnn.nn.Flatten(), fnn.nn.Dense(10, "softmax")]
        fnn.Model(layers, input_shape=form).save("a.fnn")
        seen.append(run("evaluate", "a.fnn", "--json").json)
    assert seen[0]["dataset"] == "digits"
    assert [t["accuracy"] for t in seen] == [seen[1]["accuracy"]] * 2
    assert seen[0]["confusion"] == seen[1]["confusion"]


def test_a_trained_model_knows_its_data_set(run, monkeypatch):
    """By the size of its images it would be tested on others."""
    images = np.random.default_rng(0).random((40, 1, 28, 28))
    clothes = fnn.Dataset(images, np.arange(40) % 10, class_names=[f"kind {i}" for i in range(10)])
    plain = fnn.Dataset(images, np.arange(40) % 10)
    monkeypatch.setattr(fnn.datasets, "fashion_mnist", lambda folder: (clothes, clothes))
    short = ("--hidden", "none", "--no-plot", "--quiet")
    run("train", "fashion_mnist", *short, "--epochs", 1, "--checkpoint", "run.ckpt")
    notes = {"dataset": "fashion_mnist", "class_names": list(clothes.class_names)}
    assert fnn.load("fashion_mnist.fnn").notes == notes
    assert fnn.Trainer.resume("run.ckpt").model.notes == notes
    seen = run("evaluate", "fashion_mnist.fnn", "--json").json
    assert (seen["dataset"], seen["samples"]) == ("fashion_mnist", 40)
    seen = run("train", "--resume", "run.ckpt", "--epochs", 2, "--no-plot", "--json").json
    assert (seen["dataset"], seen["epochs"]) == ("fashion_mnist", 2)
    monkeypatch.setattr(fnn.datasets, "mnist", lambda folder: (plain, plain))
    model = fnn.load("fashion_mnist.fnn")
    for other in ("my own", "digits", 7):  # unknown, or of another size
        model.notes["dataset"] = other
        model.save("a.fnn")
        assert run("evaluate", "a.fnn", "--json").json["dataset"] == "mnist"
    # The data set that is asked for is that of the run from then on, also of one without notes.
    trainer = fnn.Trainer.resume("run.ckpt")
    trainer.model.notes = {}
    trainer.save("older.ckpt")
    for checkpoint in ("run.ckpt", "older.ckpt"):
        options = (
            "--resume",
            checkpoint,
            "--epochs",
            3,
            "--output",
            "b.fnn",
            "--no-plot",
            "--quiet",
        )
        assert run("train", "mnist", *options).code == 0
        assert fnn.load("b.fnn").notes == {"dataset": "mnist"}


def test_a_flat_model_of_colours(run, monkeypatch):
    images = np.random.default_rng(0).integers(0, 256, (20, 3, 32, 32)).astype(np.uint8)
    part = fnn.Dataset(images, np.arange(20) % 10, scale=1 / 255)
    monkeypatch.setattr(fnn.datasets, "cifar10", lambda folder: (part, part))
    fnn.Model([fnn.nn.Dense(10, "softmax")], input_shape=(3072,)).save("a.fnn")
    assert run("evaluate", "a.fnn", "--json").json["samples"] == 20


def test_data_is_refused_with_digits_as_in_train(fails, model):
    line = "argument --data: must be left out with digits, which come with the package"
    fails(2, line, "evaluate", model, "digits", "--data", ".")
    fails(2, line, "evaluate", model, "--data", ".")


def test_outputs_that_are_no_numbers(fails):
    model = fnn.Model([fnn.nn.Flatten(), fnn.nn.Dense(10, "softmax")], input_shape=(1, 8, 8))
    model.theta[-1] = np.nan
    model.save("lost.fnn")
    line = (
        "evaluate: MODEL must give finite outputs, got NaN or infinity from 'lost.fnn'; its "
        "weights are lost or too large: train it again, with a lower --lr, or use a copy"
    )
    fails(1, line, "evaluate", "lost.fnn")


def test_target(run, model):
    assert run("evaluate", model, "--target", 0.5).code == 0
    seen = run("evaluate", model, "--target", 1)
    assert seen.code == 1
    assert seen.err.startswith("fastnn: error: evaluate: accuracy must be >= 1, got 0.9")
    seen = run("evaluate", model, "--target", 1, "--json")
    assert seen.code == 1 and seen.json["target"] == 1.0 and seen.err == ""


def test_errors(fails, model, run):
    fails(1, "evaluate: MODEL must name a file, got 'none.fnn'", "evaluate", "none.fnn")
    names = "digits, mnist, fashion_mnist, cifar10, cifar10_subset"
    line = f"argument DATASET: must be one of {names}, got 'x'; see fastnn evaluate --help"
    fails(2, line, "evaluate", model, "x")
    line = "argument --target: must be a number in [0, 1], got '7'; see fastnn evaluate --help"
    fails(2, line, "evaluate", model, "--target", "7")
    fnn.Model([fnn.nn.Dense(3, "softmax")], input_shape=(4,)).save("small.fnn")
    line = (
        "evaluate: DATASET must be named, as MODEL takes none of 8 x 8, 28 x 28 and 3 x 32 x 32 pixels, "
        "got one that takes (4,)"
    )
    fails(1, line, "evaluate", "small.fnn")
    line = "evaluate: DATASET must have images that MODEL takes, of shape "
    fails(1, f"{line}(4,), got digits of (1, 8, 8)", "evaluate", "small.fnn", "digits")
    line += "(1, 8, 8), got mnist of (1, 28, 28)"  # before the data is looked for
    fails(1, line, "evaluate", model, "mnist", "--data", "none")
