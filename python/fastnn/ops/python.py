"""Python code as an op: slower than the core's own, but it works wherever an op does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastnn import _core
from fastnn.ops.tensor import Node, Tensor, arrays_of, constant

__all__ = ["function"]


class Function(_core.Function):
    """The core's, with what it calls: files tell functions apart by name, and must see that they can.

    Attributes
    ----------
    pair : tuple of callable and (callable or None)
        ``forward`` and ``backward``.
    """

    def __init__(self, forward: Callable[..., Any], backward: Callable[..., Any] | None) -> None:
        super().__init__(forward, backward)
        self.pair = (forward, backward)


def function(
    forward: Callable[..., Any],
    backward: Callable[..., Any] | None,
    *inputs: Any,
    shape: tuple[int, ...] | None = None,
) -> Any:
    """A function of arrays written in Python, with its gradient, as an op.

    Parameters
    ----------
    forward : callable
        ``forward(*inputs) -> array``; inputs are copies, which may be kept.
    backward : callable, optional
        ``backward(dy, y, *inputs)``: the gradient for each input (one array, or a tuple with None
        where there is none). Needed only for training.
    inputs : arrays or Tensors
        On arrays ``forward`` runs at once.
    shape : tuple of int, optional
        Of the result, -1 standing for the batch; by default that of the first input; () for a cost.

    Returns
    -------
    array or Tensor

    Raises
    ------
    ValueError
        While running: if an array that came back has another shape.
    TypeError
        While running: if it does not hold real numbers.

    Examples
    --------
    >>> import numpy as np
    >>> cube = lambda x: x**3
    >>> slope = lambda dy, y, x: 3 * x**2 * dy
    >>> function(cube, slope, [2.0]).tolist()
    [8.0]
    >>> import fastnn as fnn
    >>> x = fnn.Input((2,))
    >>> fnn.Model(x, function(cube, slope, x)).predict([[1.0, 2.0]]).tolist()
    [[1.0, 8.0]]
    """
    if not callable(forward) or not (backward is None or callable(backward)):
        raise TypeError(
            f"function: forward and backward must be functions, got {forward!r} and {backward!r}"
        )
    if not any(isinstance(x, Tensor) for x in inputs):
        return forward(*arrays_of("function", inputs, ()))
    tensors = tuple(x if isinstance(x, Tensor) else constant("function", x) for x in inputs)
    if shape is None:
        shape = tuple(-1 if d is None else d for d in tensors[0].shape)
    node = Node("python", tensors, {"shape0": tuple(shape)})
    node.function = Function(forward, backward)
    node.function_name = getattr(forward, "__name__", "function")
    return node.outputs[0]
