"""A small data set, a network and a trainer: what the tests of Trainer run."""

from __future__ import annotations

import numpy as np

import fastnn as fnn
from fastnn import nn, optim
from fastnn.data import Dataset


def blobs(n=200, d=6, k=3, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, k, n)
    x = rng.standard_normal((n, d)) * 0.7 + 2.0 * np.eye(k, d)[y]
    return Dataset(x.astype("f"), y)


def net(d=6, k=3, seed=0, dtype="float32", rate=0.2):
    layers = [nn.Dense(16, "relu"), nn.Dropout(rate), nn.Dense(k, "softmax")]
    return fnn.Model(layers, input_shape=(d,), seed=seed, dtype=dtype)


def trainer(**kwargs):
    kwargs = {"optimizer": optim.Adam(0.01), "metrics": ["accuracy"], **kwargs}
    return fnn.Trainer(net(), "cross_entropy", **kwargs)


D = blobs(20)
