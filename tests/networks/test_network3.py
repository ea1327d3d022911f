"""Nielsen's convolutional networks: counts, layers, initial values, errors."""

import re

import numpy as np
import pytest

import fastnn as fnn
from fastnn import nn
from fastnn.networks import network3
from fastnn.reproduce import network3 as ladder
from network_laws import check_kept, check_learns, images, size
from networks.counts import told_counts

COUNTS = [289630, 85670, 85670, 85670, 1672570]


def test_counts_of_the_book_and_of_the_docstring():
    assert [size(network3(rung)) for rung in range(1, 6)] == COUNTS
    assert told_counts(network3) == set(COUNTS)


def test_initial_values_are_those_of_the_layers():
    """A checkpoint or a published accuracy of the ladder belongs to these."""
    layers = [
        nn.Conv2d(20, 5, activation="relu"), nn.MaxPool2d(2),
        nn.Conv2d(40, 5, activation="relu"), nn.MaxPool2d(2), nn.Flatten(),
        nn.Dropout(0.5), nn.Dense(1000, "relu"), nn.Dropout(0.5), nn.Dense(1000, "relu"),
        nn.Dropout(0.5), nn.Dense(10, "softmax"),
    ]  # fmt: skip
    written = fnn.Model(layers, input_shape=(1, 28, 28), seed=3)
    model = network3(seed=3)
    assert [x.kind for x in model.layers] == [x.kind for x in layers]
    assert list(model.parameters) == list(written.parameters)
    assert np.array_equal(model.theta, written.theta)
    first = network3(1, seed=3)
    assert [x.kind for x in first.layers] == ["Conv2d", "MaxPool2d", "Flatten", "Dense", "Dense"]
    assert first.layers[0].config()["activation"] == "sigmoid"


def test_the_ladder_climbs_them_in_order():
    for rung, count in zip(ladder.RUNGS, COUNTS, strict=True):
        model = ladder.network(rung, 2)
        assert size(model) == count and model.seed == 2
        assert np.array_equal(model.theta, network3(rung.number, 2).theta)


@pytest.mark.parametrize("rung", [1, 3])
def test_learns_and_is_kept(rung, tmp_path):
    model = network3(np.int64(rung))
    check_learns(model, images(model, 8), np.arange(8) % 4, 0.8, rate=3e-3)
    check_kept(model, tmp_path)


@pytest.mark.parametrize(
    ("rung", "kind", "text"),
    [
        (0, ValueError, "network3: rung must be an integer from 1 to 5, got 0"),
        (6, ValueError, "network3: rung must be an integer from 1 to 5, got 6"),
        (1.0, TypeError, "network3: rung must be an integer from 1 to 5, got 1.0"),
        ([1], TypeError, "network3: rung must be an integer from 1 to 5, got [1]"),
    ],
)
def test_errors(rung, kind, text):
    with pytest.raises(kind, match=f"^{re.escape(text)}$"):
        network3(rung)
