"""Costs by name: functions of (prediction, target) tensors that give one number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastnn import ops
from fastnn.ops.tensor import Tensor

Loss = Callable[[Tensor, Tensor], Tensor]

NAMES = (
    "cross_entropy", "binary_cross_entropy", "quadratic", "mse", "mae", "huber", "hinge", "nll_loss",
)  # fmt: skip
METRICS = ("accuracy", "top_k_accuracy", *NAMES)


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
        If it is neither a name nor callable.

    Examples
    --------
    >>> find("mse", "Trainer").__name__
    'mse'
    """
    if callable(loss):
        return loss  # type: ignore[no-any-return]
    if not isinstance(loss, str):
        raise TypeError(
            f"{where}: {argument} must be a name or a function of two tensors, got {loss!r}"
        )
    if loss not in names:
        raise ValueError(f"{where}: {argument} must be one of {', '.join(names)}, got {loss!r}")
    return getattr(ops, loss)  # type: ignore[no-any-return]
