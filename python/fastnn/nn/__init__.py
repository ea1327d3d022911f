"""Layers."""

from fastnn.nn.activations import Activation, PReLU
from fastnn.nn.dense import Dense
from fastnn.nn.dropout import Dropout
from fastnn.nn.function import Function
from fastnn.nn.layer import Layer
from fastnn.nn.shapes import Add, Concatenate, Flatten, Reshape

__all__ = [
    "Activation", "Add", "Concatenate", "Dense", "Dropout", "Flatten", "Function", "Layer", "PReLU", "Reshape",
]  # fmt: skip
