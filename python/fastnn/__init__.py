"""fastnn: neural networks on the CPU, from the perceptron up."""

from fastnn import _start  # noqa: F401  first: Ctrl-C may come during the rest

# isort: split
from typing import TYPE_CHECKING

from fastnn import _core, data, losses, nn, ops, optim
from fastnn.assembly import Input
from fastnn.data import Batches, Dataset
from fastnn.machine import get_num_threads, isa, set_num_threads, show_config
from fastnn.model import Model
from fastnn.ops.tensor import Tensor
from fastnn.trainer import Trainer

__all__ = [
    "Batches", "Dataset", "Input", "Model", "Tensor", "Trainer", "callbacks", "data", "datasets",
    "get_num_threads", "isa", "load", "losses", "metrics", "networks", "nn", "ops", "optim", "plot",
    "schedules", "set_num_threads", "show_config",
]  # fmt: skip
__version__: str = _core.__version__

if TYPE_CHECKING:
    from fastnn import callbacks, datasets, metrics, networks, plot, schedules
    from fastnn.io import load
else:

    def __getattr__(name):
        """Imported when first used: what a program may do without does not slow its start."""
        from importlib import import_module

        if name == "load":
            globals()[name] = import_module("fastnn.io").load
        elif name in ("callbacks", "datasets", "metrics", "networks", "plot", "schedules"):
            import_module(f"fastnn.{name}")  # sets the attribute
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return globals()[name]

    def __dir__():
        return sorted({*globals(), *__all__})
