"""Fully connected layer."""

from __future__ import annotations

from typing import Any

from fastnn._checks import check_count, check_flag
from fastnn.nn.activations import apply, check_activation
from fastnn.nn.layer import Layer
from fastnn.ops.tensor import Tensor, call


class Dense(Layer):
    """Fully connected layer, ``y = activation(x w^T + b)``.

    Parameters
    ----------
    units : int, >= 1
        Number of outputs K.
    activation : str or callable, optional
        Name of an activation ("sigmoid", "relu", "softmax" ...) or a function of a tensor.
    use_bias : bool
        Whether to add b.
    init : str, float, array or callable
        Initial weight (K, D), see `fastnn.nn.init`.
    bias_init : str, float, array or callable
        Initial bias (K,).
    name : str, optional
        What summaries, errors and parameter names call it; by default its class and number.

    Raises
    ------
    ValueError
        If ``units`` is below 1, the activation is unknown, or the input has no last axis.
    TypeError
        If ``units`` is not an integer.

    Source
    ------
    Rumelhart, Hinton and Williams, Learning representations by back-propagating errors, Nature 323
    (1986).

    Examples
    --------
    >>> import fastnn as fnn
    >>> y = fnn.nn.Dense(3)(fnn.Input((2,)))
    >>> y.shape
    (None, 3)
    """

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        init: Any = "glorot_uniform",
        bias_init: Any = "zeros",
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        self.units = check_count(self.where, "units", units)
        check_activation(self.where, activation)
        self.activation = activation
        self.use_bias = check_flag(self.where, "use_bias", use_bias)
        self.init = init
        self.bias_init = bias_init

    def config(self) -> dict[str, Any]:
        return {"units": self.units, "activation": self.activation, "use_bias": self.use_bias}

    def build(self, *inputs: Tensor) -> None:
        (x,) = inputs
        if x.ndim < 2 or x.shape[-1] is None:
            raise ValueError(
                f"{self.where}: input must have shape (N, ..., D), got {x!r}; "
                "put nn.Reshape before it"
            )
        self.weight = self.parameter("weight", (self.units, x.shape[-1]), self.init)
        if self.use_bias:
            self.bias = self.parameter("bias", (self.units,), self.bias_init, weight=False)

    def forward(self, x: Tensor) -> Any:
        operands = (x, self.weight, self.bias) if self.use_bias else (x, self.weight)
        return apply(self.activation, call("linear", *operands), self.where)
