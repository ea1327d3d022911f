"""The examples of every docstring run, and what is public is documented."""

from __future__ import annotations

import doctest
import importlib
import inspect
import os
import pkgutil

import pytest

import fastnn

# Compiled, and the program: importing it runs it.
_NOT_MODULES = ("fastnn._core", "fastnn.__main__")
MODULES = sorted(
    m.name for m in pkgutil.walk_packages(fastnn.__path__, "fastnn.") if m.name not in _NOT_MODULES
)


def public(module):
    """Functions and classes that a module defines and users see."""
    for name, value in vars(module).items():
        own = getattr(value, "__module__", None) == module.__name__
        if own and not name.startswith("_") and _is_shown(value):
            yield value


def _is_shown(value):
    return inspect.isfunction(value) or inspect.isclass(value)


@pytest.mark.parametrize("name", ["fastnn", *MODULES])
def test_examples_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    module = importlib.import_module(name)
    results = doctest.testmod(module)
    assert results.failed == 0, f"{results.failed} examples of {name} failed; see the output"
    assert os.listdir() == [], "an example left files in the current folder"


@pytest.mark.parametrize("name", ["fastnn", *MODULES])
def test_what_is_public_is_documented(name):
    module = importlib.import_module(name)
    assert inspect.getdoc(module), f"{name} has no docstring"
    missing = []
    for value in public(module):
        documented = vars(value).get("__doc__") if inspect.isclass(value) else value.__doc__
        if not documented:
            missing.append(value.__qualname__)
        if inspect.isclass(value) and not getattr(value, "_is_protocol", False):
            missing += [
                f"{value.__qualname__}.{n}"
                for n, f in vars(value).items()
                if not n.startswith("_")
                and inspect.isfunction(f)
                and not inspect.getdoc(getattr(value, n))  # inherited ones count
            ]
    assert not missing, f"{name}: no docstring for {', '.join(missing)}"


def sections(value):
    """The headings of a docstring; those that are underlined."""
    lines = (inspect.getdoc(value) or "").splitlines()
    return {a for a, b in zip(lines, lines[1:], strict=False) if a and set(b) == {"-"}}


_DESCRIBED = [fastnn.Model, *(v for v in vars(fastnn.nn).values() if inspect.isclass(v))]


@pytest.mark.parametrize("value", _DESCRIBED, ids=lambda v: v.__name__)
def test_arguments_and_results_of_models_and_layers_are_described(value):
    assert {"Parameters", "Examples"} <= sections(value)
    for name, method in vars(value).items():
        if name.startswith("_") and name != "__call__" or not inspect.isfunction(method):
            continue
        signature = inspect.signature(method)
        found = sections(getattr(value, name))
        if len(signature.parameters) > 1 and method.__doc__:  # else inherited: the base describes
            assert "Parameters" in found, name
        if signature.return_annotation not in ("None", None) and method.__doc__:
            assert "Returns" in found, name


# What users call: each shows an example. Abstract bases and file formats that need a network, a
# terminal or an optional package show none.
_SHOWN = {
    "fastnn": ("Batches", "Dataset", "Input", "Model", "Tensor", "Trainer", "isa", "load",
               "set_num_threads"),
    "fastnn.nn": None,
    "fastnn.ops": None,
    "fastnn.optim": ("SGD", "Adagrad", "RMSprop", "Adam", "AdamW"),
    "fastnn.metrics": None,
    "fastnn.networks": None,
    "fastnn.plot": None,
    "fastnn.datasets": None,
    "fastnn.callbacks": ("Callback", "LambdaCallback", "EarlyStopping", "ModelCheckpoint", "Checkpoint",
                         "CSVLogger"),
}  # fmt: skip


@pytest.mark.parametrize("name", _SHOWN)
def test_what_users_call_shows_an_example(name):
    module = importlib.import_module(name)
    names = _SHOWN[name] or [
        n
        for n, v in vars(module).items()
        if not n.startswith("_") and _is_shown(v) and v.__module__.startswith("fastnn")
    ]
    assert names
    silent = [n for n in names if ">>>" not in (inspect.getdoc(getattr(module, n)) or "")]
    assert not silent, f"{name}: no example for {', '.join(silent)}"
