"""Layers."""

from fastnn.nn.activations import Activation, PReLU
from fastnn.nn.convolution import Conv1d, Conv2d
from fastnn.nn.dense import Dense
from fastnn.nn.dropout import ChannelDropout, Dropout
from fastnn.nn.function import Function
from fastnn.nn.global_pooling import (
    AdaptiveAvgPool2d,
    GlobalAvgPool1d,
    GlobalAvgPool2d,
    GlobalMaxPool1d,
    GlobalMaxPool2d,
)
from fastnn.nn.layer import Layer
from fastnn.nn.normalization import (
    BatchNorm,
    GroupNorm,
    InstanceNorm,
    LayerNorm,
    LocalResponseNorm,
)
from fastnn.nn.pooling import AvgPool2d, LPPool2d, MaxPool2d
from fastnn.nn.pooling1d import AvgPool1d, LPPool1d, MaxPool1d
from fastnn.nn.resizing import Subsampling, Upsample
from fastnn.nn.shapes import Add, Concatenate, Flatten, Pad, Reshape
from fastnn.nn.transposed import ConvTranspose1d, ConvTranspose2d

__all__ = [
    "Activation", "AdaptiveAvgPool2d", "Add", "AvgPool1d", "AvgPool2d", "BatchNorm", "ChannelDropout",
    "Concatenate", "Conv1d", "Conv2d", "ConvTranspose1d", "ConvTranspose2d", "Dense", "Dropout",
    "Flatten", "Function", "GlobalAvgPool1d", "GlobalAvgPool2d", "GlobalMaxPool1d", "GlobalMaxPool2d",
    "GroupNorm", "InstanceNorm", "LPPool1d", "LPPool2d", "Layer", "LayerNorm", "LocalResponseNorm",
    "MaxPool1d", "MaxPool2d", "PReLU", "Pad", "Reshape", "Subsampling", "Upsample",
]  # fmt: skip
