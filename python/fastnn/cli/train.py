"""``fastnn train``: train a network on a data set of images, test it, save it."""

from __future__ import annotations

import argparse
import shlex
import time
from typing import Any

import numpy as np

from fastnn import callbacks, losses, machine, optim
from fastnn.cli.files import Files
from fastnn.cli.models import resume, sample_shape
from fastnn.cli.network import NETWORKS, description, make_trainer, network_of
from fastnn.cli.output import (
    Failure,
    Interrupted,
    Usage,
    add_threads,
    counted,
    number,
    one_of,
    set_threads,
    whole,
)
from fastnn.cli.sets import RECIPES, add_data, add_target, load, note, noted, shaped
from fastnn.data import Dataset
from fastnn.nn import activations
from fastnn.precision import PRECISIONS
from fastnn.trainer import Trainer

EXAMPLES = f"""\
examples:
  fastnn train
  fastnn train mnist --data DIR --hidden 512,512 --epochs 10 --output mnist.fnn
  fastnn train mnist --hidden 30 --activation sigmoid --loss binary_cross_entropy \\
      --optimizer sgd --lr 0.5 --batch-size 10 --epochs 30 --dropout 0
  fastnn train mnist --network lenet5 --epochs 10
  fastnn train cifar10_subset --data DIR
  fastnn train --checkpoint run.ckpt          stopped by Ctrl-C, it continues with
  fastnn train --resume run.ckpt --checkpoint run.ckpt

What is left out is, for
{chr(10).join(f"  {name + ':':<15}{recipe}" for name, recipe in RECIPES.items())}
The last layer follows from the loss: softmax for cross_entropy, log_softmax for nll_loss, none for
hinge, else sigmoid. A resumed run equals the uninterrupted one bit for bit.
"""

_HIDDEN = tuple(n for n in activations.NAMES if "softmax" not in n)
_OF_THE_RUN = (
    "network",
    "hidden",
    "activation",
    "loss",
    "optimizer",
    "lr",
    "l2",
    "dropout",
    "seed",
    "precision",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command; those left out follow the data set's recipe."""
    add = parser.add_argument
    add(
        "dataset",
        nargs="?",
        type=one_of(tuple(RECIPES)),
        metavar="DATASET",
        help=f"{', '.join(RECIPES)} (default: digits, which come with the package; that of the run "
        "with --resume)",
    )
    add_data(parser)
    names = ("mlp", *NETWORKS)
    add(
        "--network",
        type=one_of(names),
        metavar="NAME",
        help=f"{', '.join(names)} (default: mlp, of dense layers; resnet20 for CIFAR-10)",
    )
    add("--hidden", type=_sizes, metavar="N,N", help="units of the hidden layers, or 'none'")
    _add_name(parser, "--activation", _HIDDEN, "relu", "of the hidden layers")
    _add_name(parser, "--loss", losses.NAMES, "cross_entropy", "what is minimised")
    _add_name(parser, "--optimizer", tuple(c.name for c in optim.CLASSES), "adam", "how")
    add("--lr", type=number(0, above=True), metavar="R", help="learning rate")
    add("--l2", type=number(0), metavar="L", help="the cost gains L/2 sum w^2 (default: 0)")
    add("--dropout", type=number(0, 1), metavar="P", help="share of hidden units dropped")
    add("--epochs", type=whole(1), metavar="N", help="passes over the training data, in all")
    add("--batch-size", type=whole(1), metavar="N", help="samples of one update")
    add("--seed", type=whole(0, 2**63 - 1), metavar="N", help="decides all chance (default: 0)")
    text = "what dense layers and convolutions multiply"
    _add_name(parser, "--precision", PRECISIONS, "float32", text)
    add_threads(parser)
    add("--output", metavar="FILE", help="the model (default: DATASET.fnn)")
    add("--plot", metavar="FILE", help="the learning curves (default: the model's name with .png)")
    add("--no-plot", action="store_true", help="no learning curves")
    add("--checkpoint", metavar="FILE", help="save the whole run here after each epoch")
    add("--resume", metavar="FILE", help="continue the run of a checkpoint")
    add_target(parser)
    add("--quiet", action="store_true", help="print errors only")


def _add_name(
    parser: argparse.ArgumentParser, option: str, names: tuple[str, ...], default: str, text: str
) -> None:
    parser.add_argument(
        option,
        type=one_of(names),
        metavar="NAME",
        help=f"{text}: {', '.join(names)} (default: {default})",
    )


def run(arguments: argparse.Namespace) -> tuple[dict[str, Any], int]:
    """Train, test, save; the results and the exit code."""
    _check(arguments)
    trainer = resume(arguments.resume) if arguments.resume else None
    if trainer:
        arguments.dataset = arguments.dataset or noted(trainer.model, sample_shape(trainer.model))
    arguments.dataset = arguments.dataset or "digits"
    recipe = RECIPES[arguments.dataset]
    files = Files.of(arguments)
    set_threads(arguments)
    talk = not (arguments.quiet or arguments.json)
    train, test = load(arguments.dataset, arguments.data)
    epochs = arguments.epochs or recipe.epochs
    batch_size = arguments.batch_size or recipe.batch_size
    if trainer:
        shape = sample_shape(trainer.model)
        train, test = shaped(train, shape), shaped(test, shape)
        _check_resumed(trainer, len(train), batch_size, epochs)
    else:
        trainer = make_trainer(arguments, train)
    note(trainer.model, arguments.dataset, train)
    if talk:
        print(description(arguments.dataset, train, test, trainer, batch_size), flush=True)
    again = _continuation(arguments) if arguments.checkpoint else ""
    seconds = _fit(trainer, train, test, epochs, batch_size, files, talk, again)
    trainer.model.save(files.output)  # before anything that Ctrl-C may end
    results = trainer.evaluate(test)
    saved = files.save_plot(trainer.history)
    accuracy = results["accuracy"]
    if talk:
        print(
            f"test accuracy {accuracy:.2%}, loss {results['loss']:.4f}, "
            f"{counted(trainer.epoch, 'epoch')} in {seconds:.1f} s"
        )
        print(f"model saved to {files.output}" + (f", learning curves to {saved}" if saved else ""))
    reached = arguments.target is None or accuracy >= arguments.target
    if not reached and not arguments.json:
        raise Failure(f"train: test accuracy must be >= {arguments.target:g}, got {accuracy:.4f}")
    document = {
        "dataset": arguments.dataset,
        "network": None if arguments.resume else network_of(arguments),
        "train_samples": len(train),
        "test_samples": len(test),
        "parameters": trainer.model.theta.size,
        "loss": trainer.loss,
        "optimizer": trainer.optimizer.config(),
        "l2": trainer.l2,
        "batch_size": batch_size,
        "epochs": trainer.epoch,
        "steps": trainer.steps,
        "seed": trainer.seed,
        "precision": trainer.precision,
        "threads": machine.get_num_threads(),
        "isa": machine.isa(),
        "seconds": seconds,
        "test_accuracy": accuracy,
        "test_loss": results["loss"],
        "target": arguments.target,
        "model": files.output,
        "plot": saved,
        "checkpoint": files.checkpoint,
        "history": dict(trainer.history),
    }
    return document, 0 if reached else 1


def _check(arguments: argparse.Namespace) -> None:
    """Options that exclude each other."""
    for name in _OF_THE_RUN if arguments.resume else ():
        if getattr(arguments, name) is not None:
            raise Usage(
                f"argument --{name}: must be left out with --resume; the checkpoint holds it"
            )


def _check_resumed(trainer: Trainer, samples: int, batch_size: int, epochs: int) -> None:
    progress = trainer.progress()
    expected = trainer.epoch * -(-samples // batch_size) + -(-progress["position"] // batch_size)
    if trainer.steps != expected:
        raise Failure(
            "train: --batch-size and DATASET must be those of the checkpoint's run, "
            f"got {batch_size} and {samples} samples: {expected} steps for {trainer.steps}"
        )
    if trainer.epoch >= epochs:
        raise Failure(
            f"train: --epochs must be > {trainer.epoch}, the epochs that the checkpoint has done, "
            f"got {epochs}"
        )
    if list(trainer.metrics) != ["accuracy"]:
        raise Failure(
            "train: --resume must name a checkpoint of fastnn train, got one with the metrics "
            f"{list(trainer.metrics)}"
        )


def _fit(
    trainer: Trainer,
    train: Dataset,
    test: Dataset,
    epochs: int,
    batch_size: int,
    files: Files,
    talk: bool,
    again: str,
) -> float:
    """Seconds of the training; Ctrl-C and an error save what there is, and tell it and what to do."""
    watchers = [callbacks.Checkpoint(files.checkpoint)] if files.checkpoint else []
    began, steps = time.perf_counter(), trainer.steps
    try:
        trainer.fit(
            train, epochs - trainer.epoch, batch_size, test, watchers, verbose=1 if talk else 0
        )
    except KeyboardInterrupt:
        text = f"interrupted after {counted(trainer.epoch, 'epoch')} "
        text += f"and {counted(trainer.steps, 'step')}; "
        if trainer.steps == steps or not _is_of_use(trainer, train):
            raise Interrupted(f"{text}nothing was learned, nothing is saved") from None
        text += _save(trainer, files, at_once=True)
        if files.checkpoint:
            text += f"; continue with {again}"
        raise Interrupted(text) from None
    except (RuntimeError, ValueError) as error:
        if trainer.steps == steps or not _is_of_use(trainer, train):
            raise
        text = f"{error}; {_save(trainer, files)}"
        if files.checkpoint:
            text += f", the run to {files.checkpoint}"
        raise Failure(text) from None
    return time.perf_counter() - began


def _continuation(arguments: argparse.Namespace) -> str:
    """The command that continues a run: what its checkpoint does not hold is asked for again."""
    words = [
        "fastnn",
        "train",
        "--resume",
        arguments.checkpoint,
        "--checkpoint",
        arguments.checkpoint,
    ]
    for name in ("data", "epochs", "batch_size", "threads", "output", "plot", "target"):
        value = getattr(arguments, name)
        if value is not None:
            words += [f"--{name.replace('_', '-')}", str(value)]
    return shlex.join(words + ["--no-plot"] * arguments.no_plot)


def _is_of_use(trainer: Trainer, train: Dataset) -> bool:
    """Whether the model may take the place of an older file: its outputs are numbers."""
    x, _ = train.gather(np.arange(min(len(train), 16)))
    model = trainer.model
    return bool(np.isfinite(model.theta).all() and np.isfinite(model.predict(x)).all())


def _save(trainer: Trainer, files: Files, at_once: bool = False) -> str:
    """Save a training that was broken off, and say where.

    The curves are drawn even then, as without a checkpoint nothing else holds them; but last, since
    who is impatient may press Ctrl-C again.
    """
    trainer.model.save(files.output)
    if files.checkpoint:
        trainer.save(files.checkpoint)
    saved = files.save_plot(trainer.history, at_once)
    text = f"model so far saved to {files.output}"
    return text + (f", learning curves to {saved}" if saved else "")


def _sizes(text: str) -> tuple[int, ...]:
    """``512,512`` as (512, 512); ``none`` as ()."""
    if text == "none":
        return ()
    parts = text.split(",")
    if not all(p.strip().isascii() and p.strip().isdigit() and int(p) >= 1 for p in parts):
        raise argparse.ArgumentTypeError(
            f"must be integers >= 1 with commas between them, or 'none', got {text!r}"
        )
    return tuple(map(int, parts))
