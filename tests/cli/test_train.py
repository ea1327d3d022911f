"""``fastnn train``: it learns, saves, resumes exactly, and says what is wrong before it starts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

import fastnn as fnn
from fastnn import _core, callbacks


def test_learns_the_bundled_digits(run):
    seen = run("train")
    assert (seen.code, seen.err) == (0, "")
    lines = seen.out.splitlines()
    assert lines[0] == "digits: 1437 images of 8 x 8 to learn from, 360 to test with"
    assert lines[1].startswith("network 64-128-128-10, 26,122 parameters, cross_entropy, Adam(lr=")
    assert lines[2].startswith("test accuracy 9")
    assert float(lines[2].split()[2].rstrip("%,")) >= 97.0
    assert lines[3:] == ["model saved to digits.fnn, learning curves to digits.png"]
    with open("digits.png", "rb") as file:
        assert file.read(8) == b"\x89PNG\r\n\x1a\n"
    _, test = fnn.datasets.digits()
    predicted = fnn.load("digits.fnn").predict(test).argmax(1)
    assert f"{(predicted == test.y).mean():.2%}" == lines[2].split()[2].rstrip(",")


def test_json(run):
    seen = run("train", "--json", "--epochs", 2, "--hidden", "16", "--seed", 3, "--threads", 1)
    assert (seen.code, seen.err) == (0, "")
    told = seen.json
    assert told["dataset"] == "digits" and told["epochs"] == 2 and told["seed"] == 3
    assert told["parameters"] == 64 * 16 + 16 + 160 + 10 and told["steps"] == 2 * 45
    assert told["threads"] == 1 and told["isa"] == fnn.isa()
    assert told["test_accuracy"] == told["history"]["val_accuracy"][-1]
    assert len(told["history"]["loss"]) == 2
    assert (told["model"], told["plot"], told["target"]) == ("digits.fnn", "digits.png", None)


def test_quiet_prints_nothing(run):
    seen = run("train", "--quiet", "--epochs", 1, "--output", "a.fnn", "--no-plot")
    assert (seen.code, seen.out, seen.err) == (0, "", "")
    assert os.listdir() == ["a.fnn"]


def test_same_seed_same_bits_for_any_threads(run):
    for threads in (1, 2):
        run("train", "--epochs", 2, "--threads", threads, "--output", f"{threads}.fnn", "--no-plot")
    a, b = (fnn.load(f"{threads}.fnn").theta for threads in (1, 2))
    assert a.tobytes() == b.tobytes()


@pytest.mark.parametrize(
    ("loss", "last"),
    [
        ("cross_entropy", "softmax"),
        ("nll_loss", "log_softmax"),
        ("binary_cross_entropy", "sigmoid"),
        ("quadratic", "sigmoid"),
        ("mse", "sigmoid"),
        ("hinge", "linear"),
    ],
)
def test_the_last_layer_follows_from_the_loss(run, loss, last):
    seen = run("train", "--loss", loss, "--epochs", 1, "--no-plot", "--json")
    assert seen.code == 0 and np.isfinite(seen.json["test_loss"])
    assert fnn.load("digits.fnn").outputs[0].node.op == last


def test_options_reach_the_network_and_the_optimiser(run):
    seen = run(
        "train", "--hidden", "20,12", "--activation", "tanh", "--optimizer", "sgd", "--lr", 0.25,
        "--l2", 1e-4, "--dropout", 0.1, "--batch-size", 50, "--epochs", 1, "--json",
    )  # fmt: skip
    told = seen.json
    assert told["optimizer"]["class"] == "SGD" and told["optimizer"]["lr"] == 0.25
    assert told["l2"] == 1e-4 and told["batch_size"] == 50 and told["steps"] == 29
    model = fnn.load("digits.fnn")
    assert [w.shape for w in model.weights().values()] == [(20, 64), (12, 20), (10, 12)]
    assert [x.kind for x in model.layers].count("Dropout") == 2
    assert run("train", "--hidden", "none", "--epochs", 1, "--json").json["parameters"] == 650


def test_a_resumed_run_equals_the_uninterrupted_one(run):
    short = ("--hidden", "16", "--no-plot")
    run("train", *short, "--epochs", 4, "--output", "whole.fnn")
    run("train", *short, "--epochs", 2, "--output", "half.fnn", "--checkpoint", "run.ckpt")
    seen = run("train", "--resume", "run.ckpt", "--epochs", 4, "--output", "both.fnn", "--json")
    assert seen.code == 0 and seen.json["epochs"] == 4 and seen.json["plot"] == "both.png"
    assert len(seen.json["history"]["loss"]) == 4
    whole, both = (fnn.load(name).theta for name in ("whole.fnn", "both.fnn"))
    assert whole.tobytes() == both.tobytes()


EMULATED = (
    "Trainer: precision 'bf16' is emulated, because there is no AVX512-BF16 (instruction set in use: "
    f"{fnn.isa()}): results are those of bf16, training is slower than with 'float32'"
)
LINE = "" if _core.has_bf16() else f"fastnn: warning: {EMULATED}\n"


@pytest.fixture
def warned(run):
    """``run`` as a user's Python has it, where a warning is no error."""

    def call(*arguments):
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            return run(*arguments)

    return call


def test_precision_reaches_the_trainer_and_the_checkpoint_keeps_it(run, warned):
    short = ("--hidden", "16", "--no-plot", "--json")
    bf16 = ("train", *short, "--precision", "bf16")
    seen = warned(*bf16, "--epochs", 2, "--output", "whole.fnn")
    assert (seen.code, seen.err, seen.json["precision"]) == (0, LINE, "bf16")
    warned(*bf16, "--epochs", 1, "--checkpoint", "run.ckpt")
    seen = warned(
        "train", "--resume", "run.ckpt", *short[2:], "--epochs", 2, "--output", "both.fnn"
    )
    assert (seen.code, seen.err, seen.json["precision"]) == (0, LINE, "bf16")
    seen = run("train", *short, "--epochs", 2, "--output", "full.fnn")
    assert (seen.code, seen.err, seen.json["precision"]) == (0, "", "float32")
    whole, both, full = (fnn.load(f"{name}.fnn").theta for name in ("whole", "both", "full"))
    assert whole.tobytes() == both.tobytes() != full.tobytes()


def test_a_warning_is_one_line_beside_the_results(warned):
    seen = warned("train", "--precision", "bf16", "--epochs", 1)
    assert (seen.code, seen.err) == (0, LINE)
    lines = seen.out.splitlines()
    assert len(lines) == 4 and ", seed 0, bf16, " in lines[1]
    before = warnings.showwarning
    seen = warned("train", "--precision", "bf16", "--epochs", 1, "--quiet")
    assert (seen.code, seen.out, seen.err) == (0, "", "")
    assert warnings.showwarning is before


@pytest.mark.skipif(_core.has_bf16(), reason="nothing is emulated here")
def test_a_warning_that_the_user_made_an_error_is_no_internal_one(fails):
    fails(1, EMULATED, "train", "--precision", "bf16", "--quiet")


def test_short_of_the_target(run):
    options = ("train", "--epochs", 1, "--hidden", "none", "--target", 1, "--no-plot")
    seen = run(*options)
    assert seen.code == 1 and "test accuracy " in seen.out
    assert seen.err.startswith("fastnn: error: train: test accuracy must be >= 1, got 0.")
    assert run("info", "digits.fnn").code == 0
    seen = run(*options, "--json")
    assert seen.code == 1 and seen.json["target"] == 1.0 and seen.err == ""
    assert run("train", "--epochs", 1, "--target", 0).code == 0


def test_ctrl_c_saves_what_there_is(run, monkeypatch):
    class Stop(callbacks.Callback):
        def on_epoch_end(self, trainer, logs):
            if trainer.epoch == 2:
                raise KeyboardInterrupt

    fit = fnn.Trainer.fit

    def stopped(self, data, epochs, batch_size, validation, watchers, **options):
        return fit(self, data, epochs, batch_size, validation, [*watchers, Stop()], **options)

    monkeypatch.setattr(fnn.Trainer, "fit", stopped)
    seen = run("train", "--hidden", "16", "--epochs", 5, "--checkpoint", "run.ckpt")
    assert seen.code == 130
    assert seen.err == (
        "fastnn: interrupted after 2 epochs and 90 steps; model so far saved to digits.fnn, "
        "learning curves to digits.png; continue with fastnn train --resume run.ckpt "
        "--checkpoint run.ckpt --epochs 5\n"
    )
    assert fnn.load("digits.fnn").theta.size == 16 * 75 + 10
    seen = run("train", "--hidden", "16", "--epochs", 5, "--json", "--no-plot")
    line = "interrupted after 2 epochs and 90 steps; model so far saved to digits.fnn"
    assert (seen.code, seen.json) == (130, {"error": line, "exit": 130})
    monkeypatch.setattr(fnn.Trainer, "fit", fit)
    assert run("train", "--resume", "run.ckpt", "--epochs", 5, "--output", "a.fnn").code == 0
    assert run("train", "--hidden", "16", "--epochs", 5, "--output", "b.fnn").code == 0
    assert fnn.load("a.fnn").theta.tobytes() == fnn.load("b.fnn").theta.tobytes()


def test_ctrl_c_draws_without_matplotlib(run, monkeypatch):
    """Which takes a second to be imported; the curves are nowhere else without a checkpoint."""

    def stopped(self, data, *arguments, **options):
        self.step(*data.gather(np.arange(8)))
        self.history.record({"loss": 0.5})
        raise KeyboardInterrupt

    monkeypatch.setattr(fnn.Trainer, "fit", stopped)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.setattr(fnn.plot, "save_learning_curves", None)
    seen = run("train", "--epochs", 5)
    assert seen.code == 130 and "learning curves to digits.png" in seen.err
    with open("digits.png", "rb") as file:
        assert file.read(8) == b"\x89PNG\r\n\x1a\n"


def test_a_second_ctrl_c_while_drawing_loses_no_run(run, monkeypatch):
    def stopped(self, *arguments, **options):
        raise KeyboardInterrupt

    def fit(self, data, *arguments, **options):
        self.step(*data.gather(np.arange(8)))
        raise KeyboardInterrupt

    monkeypatch.setattr(fnn.Trainer, "fit", fit)
    monkeypatch.setattr("fastnn.cli.files.Files.save_plot", stopped)
    seen = run("train", "--checkpoint", "run.ckpt")
    assert (seen.code, seen.err) == (130, "fastnn: interrupted\n")
    assert sorted(os.listdir()) == ["digits.fnn", "run.ckpt"]


def test_a_training_that_learned_nothing_leaves_an_older_model_alone(run, monkeypatch):
    run("train", "--hidden", "16", "--epochs", 1, "--no-plot")
    before = Path("digits.fnn").read_bytes()
    seen = run("train", "--hidden", "16", "--lr", "1e30", "--no-plot", "--checkpoint", "run.ckpt")
    assert (seen.code, seen.err.count("\n")) == (1, 1)
    assert "must be finite" in seen.err and "saved" not in seen.err

    def stopped(self, *arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(fnn.Trainer, "fit", stopped)
    seen = run("train", "--hidden", "16", "--no-plot", "--checkpoint", "run.ckpt")
    assert (seen.code, seen.err) == (
        130,
        "fastnn: interrupted after 0 epochs and 0 steps; nothing was learned, nothing is saved\n",
    )
    assert Path("digits.fnn").read_bytes() == before
    assert os.listdir() == ["digits.fnn"]


def test_ctrl_c_while_the_model_is_tested_loses_no_training(run, monkeypatch):
    def stopped(self, *arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(fnn.Trainer, "evaluate", stopped)
    seen = run("train", "--hidden", "16", "--epochs", 1, "--no-plot")
    assert (seen.code, seen.err) == (130, "fastnn: interrupted\n")
    assert fnn.load("digits.fnn").theta.size == 16 * 75 + 10


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_real_ctrl_c(tmp_path):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    command = [sys.executable, "-m", "fastnn", "train", "--epochs", "1000000", "--no-plot"]
    process = subprocess.Popen(
        command, cwd=tmp_path, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        process.stdout.readline(), process.stdout.readline()  # the description: training begins
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert (process.returncode, out) == (130, "")
    assert err.startswith("fastnn: interrupted after ") and err.count("\n") == 1
    assert err.endswith("; model so far saved to digits.fnn\n")
    assert (tmp_path / "digits.fnn").exists()


def test_wrong_options(fails):
    see = "; see fastnn train --help"
    names = "digits, mnist, fashion_mnist, cifar10, cifar10_subset"
    fails(2, f"argument DATASET: must be one of {names}, got 'letters'{see}", "train", "letters")
    for option in ("--epochs", "--batch-size"):
        line = f"argument {option}: must be an integer >= 1, got '0'{see}"
        fails(2, line, "train", option, "0")
        line = f"argument {option}: must be an integer < 2**63, got '{10**20}'{see}"
        fails(2, line, "train", option, str(10**20))
    line = f"Dense: units must be an integer < 2**63, got {10**20}"
    fails(1, line, "train", "--hidden", str(10**20))
    for threads in ("0", "99999999999"):
        line = f"argument --threads: must be an integer in [1, 1024], got '{threads}'{see}"
        fails(2, line, "train", "--threads", threads)
    for seed in ("x", "-1", "9" * 30):
        line = f"argument --seed: must be an integer in [0, {2**63 - 1}], got '{seed}'{see}"
        fails(2, line, "train", "--seed", seed)
    line = "argument --data: must be left out with digits, which come with the package"
    fails(2, line, "train", "--data", ".")
    fails(2, f"argument --lr: must be a number > 0, got '0'{see}", "train", "--lr", "0")
    fails(2, f"argument --l2: must be a number >= 0, got 'nan'{see}", "train", "--l2", "nan")
    line = f"argument --dropout: must be a number >= 0 and < 1, got '1'{see}"
    fails(2, line, "train", "--dropout", "1")
    rule = "must be integers >= 1 with commas between them, or 'none'"
    line = f"argument --hidden: {rule}, got '8,0'{see}"
    fails(2, line, "train", "--hidden", "8,0")
    losses = "cross_entropy, binary_cross_entropy, quadratic, mse, mae, huber, hinge, nll_loss"
    line = f"argument --loss: must be one of {losses}, got 'l3'{see}"
    fails(2, line, "train", "--loss", "l3")
    line = (
        f"argument --optimizer: must be one of sgd, adagrad, rmsprop, adam, adamw, got 'lbfgs'{see}"
    )
    fails(2, line, "train", "--optimizer", "lbfgs")
    line = (
        "argument --activation: must be one of linear, sigmoid, tanh, relu, leaky_relu, elu, selu, "
        f"gelu, silu, softplus, hard_sigmoid, step, got 'sigmoyd'{see}"
    )
    fails(2, line, "train", "--activation", "sigmoyd")
    fails(
        2,
        "argument --plot: must be left out with --no-plot",
        "train",
        "--no-plot",
        "--plot",
        "a.png",
    )
    fails(2, "argument --plot: must end in .png, got 'a.jpg'", "train", "--plot", "a.jpg")
    line = "argument --output: must be another file than that of --plot, got 'a.png'"
    fails(2, line, "train", "--output", "a.png")
    line = "argument --plot: must be another file than that of --checkpoint, got 'r.png'"
    fails(2, line, "train", "--plot", "r.png", "--checkpoint", "./r.png")
    line = f"argument --precision: must be one of float32, bf16, got 'fp16'{see}"
    fails(2, line, "train", "--precision", "fp16")
    for option, value in (("--lr", "0.1"), ("--precision", "float32")):
        line = f"argument {option}: must be left out with --resume; the checkpoint holds it"
        fails(2, line, "train", "--resume", "a.ckpt", option, value)


def test_outputs_are_checked_before_training(fails, tmp_path):
    (tmp_path / "folder").mkdir()
    line = "train: --resume must name a file, got the folder 'folder'"
    fails(1, line, "train", "--resume", "folder")
    line = "--output must name a file, got the folder 'folder'"
    fails(1, line, "train", "--output", "folder")
    fails(1, "--output must name a file, got ''", "train", "--output", "")
    fails(1, "--checkpoint must name a file, got ''", "train", "--checkpoint", "")
    line = "--output must name a file in a folder that exists, got 'none/digits.fnn'"
    fails(1, line, "train", "--output", "none/digits.fnn")
    line = "--plot must name a file in a folder that exists, got 'none/a.png'"
    fails(1, line, "train", "--plot", "none/a.png")
    line = "--checkpoint must name a file in a folder that exists, got 'none/a.ckpt'"
    fails(1, line, "train", "--checkpoint", "none/a.ckpt")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="POSIX only")
def test_a_pipe_is_not_replaced(fails, tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    for option in ("--output", "--plot", "--checkpoint"):
        line = f"{option} must name a file, got the device or pipe 'pipe.png'"
        fails(1, line, "train", option, "pipe.png")
    assert (tmp_path / "pipe.png").is_fifo()


def test_a_folder_that_cannot_be_written(fails, tmp_path, monkeypatch):
    from fastnn import atomic

    make = atomic._private

    def deny(path, flags):
        if "locked" in path:
            raise PermissionError(13, "Permission denied")
        return make(path, flags)

    (tmp_path / "locked").mkdir()
    monkeypatch.setattr(atomic, "_private", deny)
    for option in ("--output", "--plot", "--checkpoint"):
        line = f"{option} must name a file that can be written, got 'locked/a.png' with Permission "
        fails(1, f"{line}denied", "train", option, "locked/a.png")


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs a file system without new files")
def test_a_place_that_takes_no_files(fails):
    line = "--output must name a file that can be written, got '/proc/x.fnn' with "
    fails(1, f"{line}{os.strerror(2)}", "train", "--output", "/proc/x.fnn", "--no-plot")


def test_the_probe_leaves_nothing_and_keeps_what_is_there(run, fails, tmp_path):
    (tmp_path / "digits.fnn").write_text("old")
    fails(1, "train: --resume must name a file, got 'none.ckpt'",
          "train", "--resume", "none.ckpt")  # fmt: skip
    assert os.listdir() == ["digits.fnn"] and (tmp_path / "digits.fnn").read_text() == "old"


def test_what_cannot_be_resumed(run, fails, model):
    line = "train: --resume must name a file, got 'none.ckpt'"
    fails(1, line, "train", "--resume", "none.ckpt")
    line = "train: --resume must hold a checkpoint, got a model in 'digits.fnn'; use fastnn.load"
    fails(1, line, "train", "--resume", model, "--output", "new.fnn")
    short = ("--hidden", "16", "--no-plot", "--output", "a.fnn")
    run("train", *short, "--epochs", 2, "--checkpoint", "run.ckpt")
    line = "argument --output: must be another file than that of --resume, got './run.ckpt'"
    fails(2, line, "train", "--output", "./run.ckpt", "--resume", "run.ckpt")
    line = "train: --epochs must be > 2, the epochs that the checkpoint has done, got 2"
    fails(1, line, "train", "--resume", "run.ckpt", "--epochs", "2")
    line = (
        "train: --batch-size and DATASET must be those of the checkpoint's run, "
        "got 10 and 1437 samples: 288 steps for 90"
    )
    fails(1, line, "train", "--resume", "run.ckpt", "--batch-size", "10")
    trainer = fnn.Trainer(fnn.Model([fnn.nn.Dense(10)], input_shape=(64,)), "mse")
    trainer.save("other.ckpt")
    line = "train: --resume must name a checkpoint of fastnn train, got one with the metrics []"
    fails(1, line, "train", "--resume", "other.ckpt")


def test_an_error_of_the_training_saves_what_there_is(run, monkeypatch):
    fit = fnn.Trainer.fit

    def failing(self, data, epochs, *arguments, **options):
        fit(self, data, 1, *arguments, **options)
        raise RuntimeError("Trainer.fit: no more")

    monkeypatch.setattr(fnn.Trainer, "fit", failing)
    seen = run("train", "--hidden", "16", "--no-plot", "--quiet", "--checkpoint", "run.ckpt")
    assert (seen.code, seen.err) == (
        1,
        "fastnn: error: Trainer.fit: no more; model so far saved to digits.fnn, the run to run.ckpt\n",
    )
    theta = fnn.load("digits.fnn").theta
    assert fnn.Trainer.resume("run.ckpt").model.theta.tobytes() == theta.tobytes()
    seen = run("train", "--hidden", "16", "--no-plot", "--json")
    assert seen.json["error"].endswith("; model so far saved to digits.fnn")


def test_an_error_before_the_first_step_saves_nothing(run):
    seen = run("train", "--optimizer", "sgd", "--lr", "1e300", "--epochs", 1)
    line = "fastnn: error: Trainer: lr must be in [0, 3.4e+38], got 1e+300\n"
    assert (seen.code, seen.err) == (1, line)
    assert os.listdir() == []


def test_weights_that_are_lost_are_not_saved(run, monkeypatch):
    fit = fnn.Trainer.fit

    def destroyed(self, *arguments, **options):
        fit(self, *arguments, **options)
        self.model.theta[3] = np.nan
        raise RuntimeError("weights must be finite")

    monkeypatch.setattr(fnn.Trainer, "fit", destroyed)
    seen = run("train", "--epochs", 1)
    assert (seen.code, os.listdir()) == (1, [])
    assert seen.err.endswith("fastnn: error: weights must be finite\n")


def test_mnist_in_a_folder_that_has_none(run, tmp_path, monkeypatch):
    monkeypatch.setattr("fastnn.datasets._download.fetch", no_network)
    seen = run("train", "mnist", "--data", tmp_path)
    assert (seen.code, seen.err) == (1, "fastnn: error: mnist: no network in tests\n")


def no_network(*_, **__):
    raise OSError("mnist: no network in tests")


def test_the_environment_must_name_a_folder(fails, monkeypatch):
    monkeypatch.setenv("FASTNN_DATA", "none")
    monkeypatch.setattr("fastnn.datasets._download.fetch", no_network)
    line = "FASTNN_DATA must name a folder that exists, got 'none'; correct it, or unset it"
    fails(1, f"mnist: {line}", "train", "mnist")


def test_a_checkpoint_of_flat_images_is_resumed(run):
    model = fnn.Model([fnn.nn.Dense(10, "softmax")], input_shape=(64,))
    fnn.Trainer(model, "cross_entropy", metrics=["accuracy"]).save("run.ckpt")
    seen = run("train", "--resume", "run.ckpt", "--epochs", 1, "--no-plot", "--json")
    assert (seen.code, seen.err) == (0, "") and seen.json["steps"] == 45


def test_a_checkpoint_that_calls_python(fails):
    model = fnn.Model([fnn.nn.Function(np.sin), fnn.nn.Dense(10)], input_shape=(64,))
    fnn.Trainer(model, "mse", metrics=["accuracy"]).save("run.ckpt")
    rule = "must name a file whose model calls no Python functions, as files hold no code"
    remedy = "use it in Python, where fastnn.load and Trainer.resume take them"
    line = f"train: --resume {rule}, got 'run.ckpt', which calls sin; {remedy}"
    fails(1, line, "train", "--resume", "run.ckpt")


def test_data_must_be_a_folder(fails, tmp_path):
    (tmp_path / "file").write_text("")
    for name in ("file", "none"):
        line = f"--data must name a folder that exists, got '{name}'"
        fails(1, line, "train", "mnist", "--data", name)


def test_mnist(run, shared_data):
    seen = run(
        "train", "mnist", "--data", shared_data, "--hidden", "30", "--dropout", 0, "--epochs", 1,
        "--lr", 0.01, "--json", "--no-plot",
    )  # fmt: skip
    assert seen.code == 0 and seen.json["train_samples"] == 60000
    assert seen.json["test_accuracy"] > 0.92 and seen.json["model"] == "mnist.fnn"
    seen = run("evaluate", "mnist.fnn", "--data", shared_data, "--json")
    assert seen.json["dataset"] == "mnist" and seen.json["accuracy"] > 0.92
