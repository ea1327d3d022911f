"""``fastnn predict``: tell what images show, by a saved network."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from fastnn.cli import images
from fastnn.cli.output import Failure
from fastnn.io import load

EXAMPLES = """\
examples:
  fastnn predict digits.fnn three.png
  fastnn predict mnist.fnn scans/*.png --json
  fastnn predict mnist.fnn photo.jpg --invert

Images become grey and are resized to what the network takes; transparent parts count as white. The
networks of fastnn train learn light ink on a dark ground, so an image whose border is mostly light
is inverted first; --invert and --no-invert decide it instead. The ink should fill the image as it
does in the training data. A probability is the network's output for the class.
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
    model = load(arguments.model)
    if len(model.inputs) != 1 or len(model.outputs) != 1 or model.outputs[0].ndim != 2:
        raise Failure(
            "predict: MODEL must have one input and one output (N, K), got "
            f"{len(model.inputs)} and {model.outputs!r}"
        )
    height, width = images.size_of(model.inputs[0].shape)
    pixels = [images.read(path, height, width, arguments.invert) for path in arguments.images]
    shape = model.inputs[0].shape[1:]
    outputs = model.predict(np.stack(pixels).reshape(-1, *shape))
    predictions = [_prediction(p, y) for p, y in zip(arguments.images, outputs, strict=True)]
    if not arguments.json:
        width = max(len(p["image"]) for p in predictions)
        for p in predictions:
            top = ", ".join(f"{t['class']}: {t['probability']:.1%}" for t in p["top"])
            print(f"{p['image']:<{width}}  {p['class']}  {p['probability']:.1%}  ({top})")
    return {"model": arguments.model, "predictions": predictions}, 0


def _prediction(path: str, outputs: Any) -> dict[str, Any]:
    order = np.argsort(-outputs, kind="stable")[:_TOP]
    top = [{"class": int(i), "probability": float(outputs[i])} for i in order]
    return {"image": path, **top[0], "top": top}
