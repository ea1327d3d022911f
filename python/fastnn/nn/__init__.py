"""Layers."""

from fastnn.nn.activations import Activation, PReLU
from fastnn.nn.convolution import Conv1d, Conv2d, ConvTranspose2d
from fastnn.nn.dense import Dense
from fastnn.nn.dropout import Dropout
from fastnn.nn.function import Function
from fastnn.nn.layer import Layer
from fastnn.nn.normalization import BatchNorm
from fastnn.nn.pooling import AvgPool2d, GlobalAvgPool2d, MaxPool2d
from fastnn.nn.shapes import Add, Concatenate, Flatten, Reshape

__all__ = [
    "Activation", "Add", "AvgPool2d", "BatchNorm", "Concatenate", "Conv1d", "Conv2d", "ConvTranspose2d",
    "Dense", "Dropout", "Flatten", "Function", "GlobalAvgPool2d", "Layer", "MaxPool2d", "PReLU", "Reshape",
]  # fmt: skip
