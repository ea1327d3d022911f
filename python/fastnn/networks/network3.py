"""Nielsen's convolutional networks for MNIST, which his book climbs like a ladder."""

from __future__ import annotations

from typing import Any

from fastnn import nn
from fastnn._checks import check_integer
from fastnn.model import Model

# Filters, hidden units, activation and dropout of each rung.
_RUNGS: tuple[tuple[tuple[int, ...], tuple[int, ...], str, float], ...] = (
    ((20,), (100,), "sigmoid", 0.0),
    ((20, 40), (100,), "sigmoid", 0.0),
    ((20, 40), (100,), "relu", 0.0),
    ((20, 40), (100,), "relu", 0.0),
    ((20, 40), (1000, 1000), "relu", 0.5),
)


def network3(rung: int = 5, seed: int = 0) -> Model:
    """One of the networks of Nielsen's chapter 6, for 28 x 28 images of the ten digits.

    5 x 5 convolutions of 20 and 40 filters, each with 2 x 2 maximum pooling, then dense layers and
    softmax; with dropout half of the inputs of every dense layer are left out.

    ==== ============ ========== ========================= ==========
    rung convolutions activation hidden units              parameters
    ==== ============ ========== ========================= ==========
       1            1    sigmoid 100                          289 630
       2            2    sigmoid 100                           85 670
       3            2       ReLU 100                           85 670
       4            2       ReLU 100, shifted images           85 670
       5            2       ReLU 1000 and 1000, dropout     1 672 570
    ==== ============ ========== ========================= ==========

    Parameters
    ----------
    rung : int, 1 to 5
        4 is the network of 3: the book trains it on the images shifted by a pixel each way too.
    seed : int
        Decides the initial weights (those of `nn.Conv2d` and `nn.Dense`).

    Returns
    -------
    Model
        (N, 1, 28, 28) to class probabilities (N, 10).

    Raises
    ------
    ValueError, TypeError
        If ``rung`` is no integer from 1 to 5.

    Notes
    -----
    The best test accuracies of the book are 98.78, 99.06, 99.23, 99.37 and 99.60 %.
    ``fastnn reproduce network3`` trains all of them, and lets five of the last vote.

    Source
    ------
    Nielsen, Neural Networks and Deep Learning, Determination Press (2015), chapter 6 and
    ``network3.py``.

    Examples
    --------
    >>> import fastnn as fnn
    >>> sum(p.size for p in fnn.networks.network3(rung=1).parameters.values())
    289630
    """
    rule = f"an integer from 1 to {len(_RUNGS)}"
    rung = check_integer("network3", "rung", rung, rule, lambda n: 1 <= n <= len(_RUNGS))
    convolutions, hidden, activation, dropout = _RUNGS[rung - 1]
    layers: list[Any] = []
    for filters in convolutions:
        layers += [nn.Conv2d(filters, 5, activation=activation), nn.MaxPool2d(2)]
    layers.append(nn.Flatten())
    for units in hidden:
        if dropout:
            layers.append(nn.Dropout(dropout))
        layers.append(nn.Dense(units, activation))
    if dropout:
        layers.append(nn.Dropout(dropout))
    layers.append(nn.Dense(10, "softmax"))
    return Model(layers, input_shape=(1, 28, 28), seed=seed)
