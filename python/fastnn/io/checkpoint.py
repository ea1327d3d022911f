"""Trainers as files: model, optimiser, position and history; a resumed run is the uninterrupted one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import count, takewhile
from typing import Any

from fastnn.io import progress, tensors
from fastnn.io.arrays import arrays_put, check_shapes, put
from fastnn.io.names import Names, find
from fastnn.io.save import VERSION, model_from_file, model_to_file, read_structure, rebuilding
from fastnn.io.settings import optimizer_from_json, optimizer_to_json
from fastnn.rule import check_rule, rule_of
from fastnn.trainer import Trainer

_WHERE = "Trainer.save"


def save_trainer(trainer: Trainer, path: Any) -> None:
    """Write a trainer; see ``Trainer.save``."""
    names = Names(_WHERE, ("cls", "path"))
    arrays, model = model_to_file(trainer.model, names)
    penalties = (trainer.l1, trainer.l2, trainer.clip_norm, trainer.max_norm)
    check_rule(rule_of(trainer.optimizer, *penalties))
    states = enumerate(trainer.optimizer_states())
    structure = {
        "model": model,
        "trainer": {
            "loss": _to_json(trainer.loss, names),
            "optimizer": optimizer_to_json(trainer.optimizer, names, _WHERE),
            "metrics": _to_json(trainer.metrics, names),
            "l1": _number(trainer.l1),
            "l2": _number(trainer.l2),
            "clip_norm": _number(trainer.clip_norm),
            "max_norm": _number(trainer.max_norm),
            "seed": trainer.seed,
            "precision": trainer.precision,
        },
        "optimizer_arrays": [put(arrays, f"optimizer.{i}", state) for i, state in states],
        "progress": trainer.progress(),
        "history": progress.history_of(trainer.history, _WHERE),
    }
    metadata = {"format": "fastnn", "version": str(VERSION), "kind": "checkpoint"}
    metadata |= {"structure": json.dumps(structure)}
    tensors.write(path, arrays, metadata, _WHERE)


def load_trainer(path: Any, functions: Mapping[str, Any]) -> Trainer:
    """Read a trainer; see ``Trainer.resume``."""
    arrays, structure = read_structure(path, "Trainer.resume", "checkpoint")
    with rebuilding(path, "Trainer.resume"):
        model = model_from_file(arrays, structure["model"], functions)
        saved = dict(structure["trainer"])
        optimizer = optimizer_from_json(saved.pop("optimizer"), functions)
        loss = _from_json(saved.pop("loss"), functions)
        metrics = _from_json(saved.pop("metrics"), functions)
        trainer = Trainer(model, loss, optimizer, metrics, **saved)
        before = takewhile(arrays.__contains__, (f"optimizer.{i}" for i in count()))
        states = arrays_put(arrays, structure, "optimizer", before)
        check_shapes(states, [model.theta.shape] * len(states))
        trainer.restore(
            progress.checked(structure["progress"]),
            progress.history_of(structure["history"], "the file"),
            states,
        )
    return trainer


def _number(given: Any) -> float | None:
    """A number of NumPy's, say, as JSON can hold it."""
    return None if given is None else float(given)


def _to_json(given: Any, names: Names) -> Any:
    """Names of losses or metrics; a function is remembered as {"function": its name}."""
    if isinstance(given, list | tuple):
        return [_to_json(g, names) for g in given]
    return given if isinstance(given, str) else names.of(given)


def _from_json(saved: Any, functions: Mapping[str, Any]) -> Any:
    if isinstance(saved, list):
        return [_from_json(s, functions) for s in saved]
    if isinstance(saved, str):
        return saved
    given = find(saved["function"], functions)
    if not callable(given):
        raise LookupError(f"{saved['function']} must be a function of two tensors, got {given!r}")
    return given
