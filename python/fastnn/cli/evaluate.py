"""``fastnn evaluate``: test a saved network on a data set."""

from __future__ import annotations

import argparse
import time
from typing import Any

from fastnn.cli.models import load_model, sample_shape
from fastnn.cli.output import Failure, add_threads, one_of, set_threads, table
from fastnn.cli.outputs import loss_of, per_class
from fastnn.cli.sets import RECIPES, add_data, add_target, check_fits, load, name_for, noted, shaped
from fastnn.metrics import confusion_matrix
from fastnn.trainer import Trainer

EXAMPLES = """\
examples:
  fastnn evaluate digits.fnn
  fastnn evaluate mnist.fnn mnist --data DIR --target 0.98
  fastnn evaluate clothes.fnn fashion_mnist --json

DATASET may be left out: a model of fastnn train knows its own, for another one the size of its
input decides, flat or not. The
loss is the one that belongs to the last layer: cross_entropy for softmax, nll_loss for log_softmax,
binary_cross_entropy for sigmoid, else quadratic.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("model", metavar="MODEL", help="a file of fastnn train or Model.save")
    parser.add_argument(
        "dataset",
        nargs="?",
        type=one_of(tuple(RECIPES)),
        metavar="DATASET",
        help=f"{', '.join(RECIPES)} (default: what the model was trained on)",
    )
    add_data(parser)
    add_threads(parser)
    add_target(parser)


def run(arguments: argparse.Namespace) -> tuple[dict[str, Any], int]:
    """Evaluate on the test part; the results and the exit code."""
    set_threads(arguments)
    model = load_model(arguments.model, "evaluate")
    shape = sample_shape(model)
    name = arguments.dataset or noted(model, shape) or name_for(shape, "evaluate")
    check_fits(name, shape, "evaluate")
    test = shaped(load(name, arguments.data)[1], shape)
    loss = loss_of(model)
    began = time.perf_counter()
    results = Trainer(model, loss, metrics=["accuracy"]).evaluate(test)
    seconds = time.perf_counter() - began
    outputs = per_class(model, model.predict(test), arguments.model, "evaluate")
    matrix = confusion_matrix(test.y, outputs)
    if not arguments.json:
        right = int(matrix.trace())
        print(f"{name}: {right} of {len(test)} test images right")
        print(f"accuracy {results['accuracy']:.2%}, {loss} {results['loss']:.4f}, {seconds:.2f} s")
        head = ["class", *map(str, range(len(matrix)))]
        recall = matrix.diagonal() / matrix.sum(1).clip(1)
        rows = [["right", *(f"{r:.1%}" for r in recall)]]
        print(table(head, rows, right=range(1, len(head))))
    reached = arguments.target is None or results["accuracy"] >= arguments.target
    if not reached and not arguments.json:
        raise Failure(
            f"evaluate: accuracy must be >= {arguments.target:g}, got {results['accuracy']:.4f}"
        )
    document = {
        "model": arguments.model,
        "dataset": name,
        "samples": len(test),
        "accuracy": results["accuracy"],
        "loss": results["loss"],
        "loss_name": loss,
        "confusion": matrix,
        "seconds": seconds,
        "target": arguments.target,
    }
    return document, 0 if reached else 1
