"""fastnn: neural networks on the CPU, from the perceptron up."""

from fastnn import _core, callbacks, data, datasets, metrics, nn, ops, optim, schedules
from fastnn.data import Batches, Dataset
from fastnn.io import load
from fastnn.machine import get_num_threads, isa, set_num_threads, show_config
from fastnn.model import Input, Model
from fastnn.ops.tensor import Tensor
from fastnn.trainer import Trainer

__all__ = [
    "Batches", "Dataset", "Input", "Model", "Tensor", "Trainer", "callbacks", "data", "datasets",
    "get_num_threads", "isa", "load", "metrics", "nn", "ops", "optim", "schedules",
    "set_num_threads", "show_config",
]  # fmt: skip
__version__: str = _core.__version__
