"""``fastnn predict``: tell what images show, by a saved network."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from fastnn.cli import images
from fastnn.cli.models import load_model
from fastnn.cli.output import Failure
from fastnn.cli.outputs import measure_of, per_class
from fastnn.cli.sets import names_noted
from fastnn.ops.tensor import shape_text

EXAMPLES = """\
examples:
  fastnn predict digits.fnn three.png
  fastnn predict mnist.fnn scans/*.png --json
  fastnn predict mnist.fnn photo.jpg --invert

Images become what the network takes: grey or in colours, of its size; transparent parts count as
white. Networks of grey images from fastnn train learn light ink on a dark ground, so an image whose
border is mostly light is inverted first; --invert and --no-invert decide it instead. The ink should
fill the image as it does in the training data. For colours the middle of a photograph is taken. A
class is told by its name where the model has noted one, with its probability where the network ends
in softmax, log_softmax or sigmoid, else with its score: the output as it is.
"""

_TOP = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("model", metavar="MODEL", help="a file of fastnn train or Model.save")
    parser.add_argument("images", metavar="IMAGE", nargs="+", help="PNG, JPEG ... (needs Pillow)")
    way = parser.add_mutually_exclusive_group()
    way.add_argument(
        "--invert", action="store_true", default=None, help="dark ink on a light ground: swap them"
    )
    way.add_argument(
        "--no-invert", dest="invert", action="store_false", help="light ink on a dark ground"
    )


def run(arguments: argparse.Namespace) -> tuple[dict[str, Any], int]:
    """Predict each image; the results and the exit code."""
    model = load_model(arguments.model, "predict")
    if len(model.inputs) != 1 or len(model.outputs) != 1 or model.outputs[0].ndim != 2:
        shapes = " and ".join(shape_text(t.shape) for t in model.outputs)
        raise Failure(
            "predict: MODEL must have one input and one output of shape (N, K), "
            f"got {len(model.inputs)} and {len(model.outputs)} of shapes {shapes}"
        )
    channels, height, width = images.size_of(model.inputs[0].shape)
    read = images.read if channels == 1 else images.read_color
    pixels = [read(path, height, width, arguments.invert) for path in arguments.images]
    shape = model.inputs[0].shape[1:]
    outputs = model.predict(np.stack(pixels).reshape(-1, *shape))
    values = per_class(model, outputs, arguments.model, "predict")
    measure, names = measure_of(model), names_noted(model, values.shape[1])
    predictions = [
        _prediction(path, row, measure, names)
        for path, row in zip(arguments.images, values, strict=True)
    ]
    if not arguments.json:
        width = max(len(p["image"]) for p in predictions)
        for p in predictions:
            print(f"{p['image']:<{width}}  {_name(p)}  {_text(p, measure)}")
    return {"model": arguments.model, "predictions": predictions}, 0


def _prediction(path: str, values: Any, measure: str, names: list[str] | None) -> dict[str, Any]:
    order = np.argsort(-values, kind="stable")[:_TOP]
    top = [
        {"class": int(i)} | ({"name": names[i]} if names else {}) | {measure: float(values[i])}
        for i in order
    ]
    return {"image": path, **top[0], "top": top}


def _name(of: dict[str, Any]) -> str:
    """A class by its name, where the model has noted it, else by its number."""
    return str(of.get("name", of["class"]))


def _text(prediction: dict[str, Any], measure: str) -> str:
    """The first class's probability, or score by that name, then the first few of all."""
    form = ".1%" if measure == "probability" else ".4g"
    first = f"{'' if measure == 'probability' else 'score '}{prediction[measure]:{form}}"
    top = ", ".join(f"{_name(t)}: {t[measure]:{form}}" for t in prediction["top"])
    return f"{first}  ({top})"
