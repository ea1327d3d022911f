"""``fastnn info``: show what a saved network or checkpoint holds."""

from __future__ import annotations

import argparse
import json
import os
from typing import Any, NoReturn

from fastnn.cli.models import python_functions
from fastnn.io import tensors
from fastnn.io.save import model_from_file, read_structure, rebuilding
from fastnn.summary import summary

EXAMPLES = """\
examples:
  fastnn info digits.fnn
  fastnn info run.ckpt --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("model", metavar="MODEL", help="a file of fastnn")


def run(arguments: argparse.Namespace) -> tuple[dict[str, Any], int]:
    """Describe the file; the results and the exit code."""
    path = arguments.model
    arrays, structure = read_structure(path, "info", None)
    _, metadata = tensors.read(path, "info")
    with rebuilding(path, "info"):
        functions = python_functions(structure)
        absent = dict.fromkeys(functions, _absent)
        model = model_from_file(arrays, structure.get("model", structure), absent)
    document: dict[str, Any] = {
        "file": path,
        "bytes": os.path.getsize(path),
        "kind": metadata["kind"],
        "format_version": int(metadata["version"]),
        "checksum": "verified",  # reading refuses a file without
        "dtype": model.dtype,
        "seed": model.seed,
        "parameters": model.theta.size,
        "inputs": {t.name: [d or "N" for d in t.shape] for t in model.inputs},
        "outputs": [[d or "N" for d in t.shape] for t in model.outputs],
        "arrays": {name: list(a.shape) for name, a in model.parameters.items()},
        "functions": functions,
    }
    if "trainer" in structure:
        with rebuilding(path, "info"):
            document["trainer"] = _training(structure["trainer"] | structure["progress"])
    if not arguments.json:
        print(
            f"file      {path}: {document['kind']}, format {document['format_version']}, "
            f"{document['bytes']:,} bytes, checksum {document['checksum']}"
        )
        print(f"numbers   {model.dtype}, seed {model.seed}")
        if functions:
            print(f"python    calls {', '.join(functions)}, whose code is not in the file")
        if "trainer" in structure:
            saved = document["trainer"]
            print(
                f"training  {saved['epoch']} epochs, {saved['steps']} steps, "
                f"loss {json.dumps(saved['loss'])}, optimizer {json.dumps(saved['optimizer'])}"
            )
        print()
        print(summary(model))
    return document, 0


def _absent(*inputs: Any) -> NoReturn:
    """Stands for a Python function: a description calls none."""
    raise RuntimeError("info: the model must not be run, got a call of its Python function")


def _training(saved: dict[str, Any]) -> dict[str, Any]:
    """The trainer of a checkpoint, if what is printed of it is there."""
    missing = {"epoch", "steps", "loss", "optimizer"} - set(saved)
    if missing:
        raise KeyError(", ".join(sorted(missing)))
    return saved
