"""Models as files: parameters by name, structure as JSON, nothing that is code."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from fastnn import machine
from fastnn.graph import from_json, to_json
from fastnn.io import tensors
from fastnn.io.arrays import arrays_put, check_shapes, put, state_arrays
from fastnn.io.names import Names
from fastnn.model import Model

VERSION = 1
_VERSIONS = tuple(str(v) for v in range(1, VERSION + 1))
_READERS = {"model": "fastnn.load", "checkpoint": "Trainer.resume"}  # of each kind of file


def model_to_file(model: Model, names: Names) -> tuple[dict[str, Any], dict[str, Any]]:
    """A model as named arrays and a JSON-able structure; ``names`` learns its Python functions."""
    names.add(model.structure.nodes)
    arrays: dict[str, Any] = dict(model.parameters)
    structure = to_json(model.structure, model.inputs)
    structure |= {
        "dtype": model.dtype,
        "seed": model.seed,
        "one_output": model.one_output,
        "notes": _notes(model, names.where),
        "parameter_names": list(model.parameters),
        "state_names": list(model.states),
        "state_arrays": [put(arrays, f"state.{n}", a) for n, a in model.states.items()],
        "constant_arrays": [
            put(arrays, f"constant.{i}", c.value) for i, c in enumerate(model.structure.constants)
        ],
    }
    return arrays, structure


def model_from_file(
    arrays: Mapping[str, Any], structure: dict[str, Any], functions: Mapping[str, Any]
) -> Model:
    """The model that `model_to_file` described."""
    before = (f"constant.{i}" for i in range(structure["constants"]))
    constants = arrays_put(arrays, structure, "constant", before)
    parameters = [arrays[name] for name in structure["parameter_names"]]
    states = state_arrays(arrays, structure)
    # Before the model is made: a forged shape must not ask for more memory than the file has.
    check_shapes(parameters, (x["shape"] for x in structure["parameters"]))
    check_shapes(states, (x["shape"] for x in structure["states"]))
    inputs, outputs = from_json(structure, constants, functions)
    model = Model(
        inputs,
        outputs[0] if structure["one_output"] else outputs,
        seed=structure["seed"],
        dtype=structure["dtype"],
    )
    model.notes = structure.get("notes", {})  # older files have none
    if not isinstance(model.notes, dict):
        raise TypeError(f"notes of a {type(model.notes).__name__}")
    for views, values in ((model.parameters, parameters), (model.states, states)):
        check_shapes(values, (view.shape for view in views.values()))
        for view, array in zip(views.values(), values, strict=True):
            view[...] = array
    return model


def _notes(model: Model, where: str) -> dict[str, Any]:
    """A model's notes as they will be read."""
    notes = model.notes
    try:
        if isinstance(notes, dict) and all(isinstance(key, str) for key in notes):
            return dict(json.loads(json.dumps(notes, allow_nan=False)))
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(f"{where}: notes must be what JSON can hold, got {error}") from None
    raise TypeError(f"{where}: notes must be a dict with names as keys, got {notes!r}")


def save_model(model: Model, path: Any) -> None:
    """Write a model; see ``Model.save``."""
    arrays, structure = model_to_file(model, Names("Model.save"))
    metadata = {"format": "fastnn", "version": str(VERSION), "kind": "model"}
    metadata |= {"structure": json.dumps(structure)}
    tensors.write(path, arrays, metadata, "Model.save")


def read_structure(
    path: Any, where: str, kind: str | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arrays and structure of a fastnn file of a kind ("model", "checkpoint"; None: either)."""
    arrays, metadata = tensors.read(path, where)
    if metadata.get("format") != "fastnn":
        raise OSError(
            f"{where}: file must be one that fastnn wrote, got {str(path)!r} without its mark"
        )
    version = metadata.get("version", "")
    if version not in _VERSIONS:
        newer = "; a newer fastnn wrote it" if re.fullmatch("[1-9][0-9]*", version) else ""
        raise OSError(
            f"{where}: file must have version <= {VERSION}, got {version!r} in {str(path)!r}{newer}"
        )
    found = metadata.get("kind", "")
    if found not in _READERS:
        raise OSError(
            f"{where}: file must hold a {kind or 'model or a checkpoint'}, got {found!r} in "
            f"{str(path)!r}"
        )
    if kind not in (None, found):
        raise OSError(
            f"{where}: file must hold a {kind}, got a {found} in {str(path)!r}; "
            f"use {_READERS[found]}"
        )
    with rebuilding(path, where):
        structure = json.loads(metadata["structure"])
        if not isinstance(structure, dict):
            raise TypeError(f"a {type(structure).__name__}")
    return arrays, structure


def load(path: Any, **functions: Any) -> Model:
    """Read a model.

    Parameters
    ----------
    path : str or path
        A file of ``Model.save``, or a checkpoint of ``Trainer.save``.
    **functions
        Python functions of the model's ``nn.Function`` layers, by name: code is never stored.

    Returns
    -------
    Model

    Raises
    ------
    OSError
        If the file is missing, damaged, or not fastnn's. Reading never runs code.
    TypeError, ValueError
        If ``path`` is no name of a file, or a function is not given.

    Examples
    --------
    >>> import os, tempfile, fastnn as fnn
    >>> path = os.path.join(tempfile.mkdtemp(), "tiny.fnn")
    >>> fnn.Model([fnn.nn.Dense(1)], input_shape=(2,)).save(path)
    >>> load(path)
    Model([Dense], 3 parameters, float32)
    """
    arrays, structure = read_structure(path, "fastnn.load", None)
    with rebuilding(path, "fastnn.load"):
        return model_from_file(arrays, structure.get("model", structure), functions)


class rebuilding:
    """Turns what a damaged or forged structure causes into one clear error.

    An instruction set or a number of threads that the environment asks for in vain is an error
    before: the file is not to blame for it.
    """

    def __init__(self, path: Any, where: str) -> None:
        self._path, self._where = path, where

    def __enter__(self) -> None:
        machine.isa()
        machine.get_num_threads()

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if type(error) is LookupError:
            raise ValueError(f"{self._where}: {error}") from None
        wrong = (
            KeyError, IndexError, ValueError, TypeError, AttributeError, AssertionError,
            ArithmeticError, RuntimeError,
        )  # fmt: skip  # the core's binding has RuntimeErrors for arguments of another kind
        if isinstance(error, wrong):
            raise OSError(
                f"{self._where}: file must hold a structure that fastnn wrote, "
                f"got {str(self._path)!r} with {type(error).__name__}: {error}"
            ) from error
