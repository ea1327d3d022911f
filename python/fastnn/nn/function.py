"""A layer whose code is Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastnn import ops
from fastnn.nn.layer import Layer
from fastnn.ops.tensor import Tensor


class Function(Layer):
    """A function of arrays written in Python, with its gradient, as a layer.

    Parameters
    ----------
    forward : callable
        ``forward(*inputs) -> array``.
    backward : callable, optional
        ``backward(dy, y, *inputs)`` -> the gradient for each input; needed for training.
    shape : tuple of int, optional
        Of the result without the batch; by default that of the first input.
    name : str, optional
        What summaries, errors and parameter names call it; by default its class and number.

    Raises
    ------
    TypeError
        When called, if ``forward`` or ``backward`` is no function.
    ValueError
        While running, if an array that came back has another shape.

    Notes
    -----
    Files hold no code: they remember the forward function's ``__name__``, and
    ``fastnn.load(path, name=(forward, backward))``, under that name, gives it back.

    Examples
    --------
    >>> import numpy as np, fastnn as fnn
    >>> sine = fnn.nn.Function(np.sin, lambda dy, y, x: dy * np.cos(x))
    >>> fnn.Model([sine], input_shape=(1,)).predict([[0.0]])
    array([[0.]], dtype=float32)
    """

    def __init__(
        self,
        forward: Callable[..., Any],
        backward: Callable[..., Any] | None = None,
        shape: tuple[int, ...] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        self.forward_function = forward
        self.backward_function = backward
        self.shape = shape

    def config(self) -> dict[str, Any]:
        return {"forward": self.forward_function, "shape": self.shape}

    def forward(self, *inputs: Tensor) -> Any:
        shape = None if self.shape is None else (-1, *self.shape)
        return ops.function(self.forward_function, self.backward_function, *inputs, shape=shape)
