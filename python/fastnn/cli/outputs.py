"""What the numbers are that a network gives for the classes: told from its last op."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.cli.output import Failure
from fastnn.losses import ENDINGS
from fastnn.model import Model

_LOSSES = {ending: loss for loss, ending in ENDINGS.items()}


def loss_of(model: Model) -> str:
    """The cost that belongs to the network's last op."""
    return _LOSSES.get(_last(model), "quadratic")


def measure_of(model: Model) -> str:
    """What `per_class` gives: "probability", or "score" where nothing makes the outputs one.

    Examples
    --------
    >>> import fastnn as fnn
    >>> [measure_of(fnn.Model([fnn.nn.Dense(2, a)], input_shape=(3,))) for a in ("softmax", "relu")]
    ['probability', 'score']
    """
    return "probability" if _last(model) in _LOSSES else "score"


def per_class(model: Model, outputs: Any, path: str, where: str) -> Any:
    """Outputs as what `measure_of` calls them; refused where they are not finite.

    Parameters
    ----------
    model : Model
    outputs : array, shape (N, K)
        What it gave.
    path, where : str
        Its file and the command, for the error.

    Returns
    -------
    array, shape (N, K)

    Raises
    ------
    Failure
        If there is NaN or infinity in it: no class would then be more than chance.
    """
    values = np.exp(outputs) if _last(model) == "log_softmax" else outputs
    if not np.isfinite(values).all():
        raise Failure(
            f"{where}: MODEL must give finite outputs, got NaN or infinity from {path!r}; its "
            "weights are lost or too large: train it again, with a lower --lr, or use a copy"
        )
    return values


def _last(model: Model) -> str:
    """The op that gives the outputs; "" where it mixes the samples of a batch, or there is none."""
    y = model.outputs[0]
    if y.node is None or y.node.attrs.get("axis", -1) not in (-1, y.ndim - 1):
        return ""
    return y.node.op
