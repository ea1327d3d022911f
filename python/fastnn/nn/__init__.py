"""Layers."""

from fastnn.nn.activations import Activation, PReLU
from fastnn.nn.convolution import Conv1d, Conv2d, ConvTranspose2d
from fastnn.nn.dense import Dense
from fastnn.nn.dropout import ChannelDropout, Dropout
from fastnn.nn.function import Function
from fastnn.nn.layer import Layer
from fastnn.nn.normalization import (
    BatchNorm,
    GroupNorm,
    InstanceNorm,
    LayerNorm,
    LocalResponseNorm,
)
from fastnn.nn.pooling import (
    AdaptiveAvgPool2d,
    AvgPool2d,
    GlobalAvgPool2d,
    GlobalMaxPool2d,
    LPPool2d,
    MaxPool2d,
    Subsampling,
    Upsample,
)
from fastnn.nn.shapes import Add, Concatenate, Flatten, Reshape

__all__ = [
    "Activation", "AdaptiveAvgPool2d", "Add", "AvgPool2d", "BatchNorm", "ChannelDropout", "Concatenate",
    "Conv1d", "Conv2d", "ConvTranspose2d", "Dense", "Dropout", "Flatten", "Function", "GlobalAvgPool2d",
    "GlobalMaxPool2d", "GroupNorm", "InstanceNorm", "LPPool2d", "Layer", "LayerNorm", "LocalResponseNorm",
    "MaxPool2d", "PReLU", "Reshape", "Subsampling", "Upsample",
]  # fmt: skip
