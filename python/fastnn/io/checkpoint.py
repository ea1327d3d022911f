"""Trainers as files: model, optimiser, position and history; a resumed run is the uninterrupted one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastnn import optim, schedules
from fastnn.history import History
from fastnn.io import tensors
from fastnn.io.save import VERSION, model_from_file, model_to_file, read_structure, rebuilding

if TYPE_CHECKING:
    from fastnn.trainer import Trainer


def save_trainer(trainer: Trainer, path: Any) -> None:
    """Write a trainer; see ``Trainer.save``."""
    arrays, model = model_to_file(trainer.model)
    for i, state in enumerate(trainer.optimizer_states()):
        arrays[f"optimizer.{i}"] = state
    structure = {
        "model": model,
        "trainer": {
            "loss": _names(trainer.loss),
            "optimizer": _optimizer(trainer.optimizer),
            "metrics": _names(trainer.metrics),
            "l1": _number(trainer.l1),
            "l2": _number(trainer.l2),
            "clip_norm": _number(trainer.clip_norm),
            "max_norm": _number(trainer.max_norm),
            "seed": trainer.seed,
            "precision": trainer.precision,
        },
        "progress": trainer.progress(),
        "history": dict(trainer.history),
    }
    metadata = {"format": "fastnn", "version": str(VERSION), "kind": "checkpoint"}
    metadata |= {"structure": json.dumps(structure)}
    tensors.write(path, arrays, metadata, "Trainer.save")


def load_trainer(path: Any, functions: Mapping[str, Any]) -> Trainer:
    """Read a trainer; see ``Trainer.resume``."""
    from fastnn.trainer import Trainer

    arrays, structure = read_structure(path, "Trainer.resume", "checkpoint")
    with rebuilding(path, "Trainer.resume"):
        model = model_from_file(arrays, structure["model"], functions)
        saved = dict(structure["trainer"])
        optimizer = _restored_optimizer(saved.pop("optimizer"), functions)
        loss = _functions(saved.pop("loss"), functions)
        metrics = _functions(saved.pop("metrics"), functions)
        trainer = Trainer(model, loss, optimizer, metrics, **saved)
        states = [arrays[name] for name in sorted(arrays) if name.startswith("optimizer.")]
        trainer.restore(structure["progress"], History(structure["history"]), states)
    return trainer


def _number(given: Any) -> float | None:
    """A number of NumPy's, say, as JSON can hold it."""
    return None if given is None else float(given)


def _optimizer(optimizer: optim.Optimizer) -> dict[str, Any]:
    """Its configuration; a schedule of the user's own is remembered by name."""
    lr = optimizer.lr
    if not callable(lr) or type(lr) in schedules.CLASSES:
        return optimizer.config()
    standing_in = type(optimizer)(**optimizer.arguments() | {"lr": 1.0})
    return standing_in.config() | {"lr": _names(lr)}


def _restored_optimizer(config: dict[str, Any], functions: Mapping[str, Any]) -> optim.Optimizer:
    lr = config["lr"]
    if not (isinstance(lr, dict) and "function" in lr):
        return optim.Optimizer.from_config(config)
    optimizer = optim.Optimizer.from_config(config | {"lr": 1.0})
    optimizer.lr = _functions(lr, functions)
    return optimizer


def _names(given: Any) -> Any:
    """Names of losses or metrics; a function is remembered as {"function": its name}."""
    if isinstance(given, list | tuple):
        return [_names(g) for g in given]
    if isinstance(given, str):
        return given
    return {"function": getattr(given, "__name__", type(given).__name__)}


def _functions(saved: Any, functions: Mapping[str, Any]) -> Any:
    if isinstance(saved, list):
        return [_functions(s, functions) for s in saved]
    if isinstance(saved, str):
        return saved
    name = saved["function"]
    if name not in functions:
        raise LookupError(
            f"{name} must be given, because the checkpoint used a function of that "
            f"name and files hold no code; call Trainer.resume(path, {name}=...)"
        )
    return functions[name]
