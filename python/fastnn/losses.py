"""Costs by name: functions of (prediction, target) tensors that give one number."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import ops
from fastnn.ops.tensor import Tensor

Loss = Callable[[Tensor, Tensor], Tensor]

NAMES = (
    "cross_entropy", "binary_cross_entropy", "quadratic", "mse", "mae", "huber", "hinge", "nll_loss",
)  # fmt: skip
METRICS = ("accuracy", "top_k_accuracy", *NAMES)

# The activation a model must end in for a cost.
ENDINGS = {
    "cross_entropy": "softmax",
    "nll_loss": "log_softmax",
    "binary_cross_entropy": "sigmoid",
}
# And the last ops that are certainly wrong for it, be it through ops that keep or average values.
_SCORES = ("linear", "addmm", "conv2d", "conv_transpose2d", "batch_norm", "layer_norm",
           "group_norm", "local_response_norm", "tanh", "relu", "leaky_relu", "prelu", "elu", "selu",
           "gelu", "silu", "softplus")  # fmt: skip
_THROUGH = ("reshape", "permute", "transpose", "channels_first", "channels_last", "avg_pool2d",
            "max_pool2d", "mean", "dropout", "channel_dropout")  # fmt: skip
_WRONG = {
    "cross_entropy": (*_SCORES, "log_softmax", "sigmoid", "hard_sigmoid"),
    "nll_loss": (*_SCORES, "softmax", "sigmoid", "hard_sigmoid"),
    "binary_cross_entropy": (*_SCORES, "log_softmax"),
}
_OF_CLASSES = (ops.cross_entropy, ops.nll_loss, ops.softmax_cross_entropy)
_BINARY = (ops.binary_cross_entropy, ops.sigmoid_binary_cross_entropy)


def find(loss: Any, where: str, argument: str = "loss", names: tuple[str, ...] = NAMES) -> Loss:
    """The cost of a name; a function of tensors is taken as it is.

    Parameters
    ----------
    loss : str or callable
        A name of `NAMES`, or ``f(prediction, target) -> Tensor`` of shape ().
    where, argument : str
        What an error names.

    Returns
    -------
    callable

    Raises
    ------
    ValueError
        If the name is unknown.
    TypeError
        If it is neither a name nor callable, or cannot be called with two arguments.

    Examples
    --------
    >>> find("mse", "Trainer").__name__
    'mse'
    """
    if callable(loss):
        _check_signature(loss, where, argument)
        return loss  # type: ignore[no-any-return]
    if not isinstance(loss, str):
        raise TypeError(
            f"{where}: {argument} must be a name or a function of two tensors, got {loss!r}"
        )
    if loss not in names:
        raise ValueError(f"{where}: {argument} must be one of {', '.join(names)}, got {loss!r}")
    return getattr(ops, loss)  # type: ignore[no-any-return]


def _check_signature(loss: Loss, where: str, argument: str) -> None:
    try:
        signature = inspect.signature(loss, follow_wrapped=False)
    except Exception:  # a builtin does not tell, others tell anything
        return
    try:
        signature.bind("prediction", "target")
    except TypeError:
        raise TypeError(
            f"{where}: {argument} must be a name or a function of two tensors, got {loss!r} of "
            f"{signature}; write it as f(prediction, target)"
        ) from None


def is_built_in(cost: Loss) -> bool:
    """Whether fastnn knows what a cost does with its target; one of one's own makes its rules."""
    return getattr(cost, "__module__", "").startswith("fastnn.")


def has_signs(cost: Loss) -> bool:
    """Whether the two classes of one unit are -1 and +1 to a cost."""
    return cost is ops.hinge


def wants_probabilities(cost: Loss) -> bool:
    """Whether a cost is of probabilities: NaN of an output that is none."""
    return cost is ops.cross_entropy or cost is ops.binary_cross_entropy


def check_output(cost: Loss, output: Tensor) -> None:
    """Raise where a model's output cannot be the probabilities that a cost is of.

    Examples
    --------
    >>> import fastnn as fnn
    >>> check_output(ops.cross_entropy, fnn.nn.Dense(3, "relu")(fnn.Input((2,))))
    Traceback (most recent call last):
    ValueError: Trainer: model must end in softmax for cross_entropy, got relu; give its last layer \
activation="softmax" or take another loss
    """
    name = next((name for name in ENDINGS if getattr(ops, name) is cost), None)
    if name is None:
        return
    node = output.node
    while node is not None and node.op in _THROUGH:
        node = node.inputs[0].node
    if node is not None and node.op in _WRONG[name]:
        raise ValueError(
            f"Trainer: model must end in {ENDINGS[name]} for {name}, got {node.op}; "
            f'give its last layer activation="{ENDINGS[name]}" or take another loss'
        )


def check_targets(
    cost: Loss, y: NDArray[Any], classes: int | None, where: str, first: int = 0
) -> None:
    """Raise where targets are outside the range of a cost; NaN is left to the training.

    Parameters
    ----------
    cost : callable
    y : array, shape (N, ...)
    classes : int or None
        How many there are where ``y`` holds labels.
    where : str
        What an error begins with.
    first : int
        Number of the first row in the data set.

    Raises
    ------
    ValueError
        Naming the first row that is wrong.

    Examples
    --------
    >>> check_targets(ops.binary_cross_entropy, np.array([[0.0], [255.0]]), None, "here")
    Traceback (most recent call last):
    ValueError: here: y must hold numbers in [0, 1] for binary_cross_entropy, got 255.0 in row 1
    """
    if classes is not None:
        wrong = (y < 0) | (y >= classes)
        rule = f"labels in [0, {classes}) as the output has {classes} units"
    elif cost in _OF_CLASSES:
        wrong, rule = y < 0, f"labels or numbers >= 0 for {cost.__name__}"
    elif cost in _BINARY:
        wrong, rule = (y < 0) | (y > 1), f"numbers in [0, 1] for {cost.__name__}"
    elif has_signs(cost) and y.dtype.kind == "f":
        wrong, rule = np.abs(y) != 1, "labels, or -1 and +1 for each unit, for hinge"
        wrong &= y == y
    elif has_signs(cost):
        wrong, rule = np.abs(y) > 1, "0 (or -1) and 1 for hinge"
    else:
        return
    if wrong.any():
        row = int(wrong.reshape(len(y), -1).any(1).argmax())
        value = y.reshape(-1)[wrong.reshape(-1).argmax()].item()
        raise ValueError(f"{where}: y must hold {rule}, got {value} in row {first + row}")
