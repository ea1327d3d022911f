"""Activations by name, and as layers."""

from __future__ import annotations

from typing import Any

from fastnn import ops
from fastnn._checks import is_one_of
from fastnn.nn.layer import Layer
from fastnn.ops.tensor import Tensor

NAMES = (
    "linear", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus",
    "hard_sigmoid", "step", "softmax", "log_softmax",
)  # fmt: skip


def apply(activation: Any, x: Tensor, where: str) -> Any:
    """The activation of a tensor; None and "linear" leave it as it is.

    Parameters
    ----------
    activation : str, callable or None
        One of `NAMES`, or a function of a tensor.
    x : Tensor
    where : str
        Head of error texts.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError, TypeError
        As `check_activation`.

    Examples
    --------
    >>> import fastnn as fnn
    >>> apply("tanh", fnn.Input((3,)), "example")
    Tensor(tanh, shape=(N, 3), dtype=float32)
    """
    check_activation(where, activation)
    if activation is None or activation == "linear":
        return x
    return activation(x) if callable(activation) else getattr(ops, activation)(x)


def check_activation(where: str, activation: Any) -> None:
    """Raise unless `apply` knows what to do.

    Parameters
    ----------
    where : str
        Head of error texts.
    activation : str, callable or None

    Raises
    ------
    ValueError
        If the name is unknown.
    TypeError
        If it is no name, function or None.

    Examples
    --------
    >>> check_activation("example", "tanh")
    """
    if activation is None or callable(activation):
        return
    if not is_one_of(activation, NAMES):
        raise (ValueError if isinstance(activation, str) else TypeError)(
            f"{where}: activation must be None, a function or one of {', '.join(NAMES)}, "
            f"got {activation!r}"
        )


class Activation(Layer):
    """An activation as a layer of its own.

    Parameters
    ----------
    activation : str or callable
        Name of an activation, or a function of a tensor.
    name : str, optional
        What summaries, errors and parameter names call it; by default its class and number.

    Raises
    ------
    ValueError
        If the name is unknown.
    TypeError
        If ``activation`` is neither a name nor a function.

    Examples
    --------
    >>> import fastnn as fnn
    >>> fnn.Model([fnn.nn.Activation("relu")], input_shape=(3,)).predict([[-1.0, 0.0, 2.0]])
    array([[0., 0., 2.]], dtype=float32)
    """

    def __init__(self, activation: Any, name: str | None = None) -> None:
        super().__init__(name)
        check_activation(self.where, activation)
        self.activation = activation

    def config(self) -> dict[str, Any]:
        return {"activation": self.activation}

    def forward(self, x: Tensor) -> Any:
        return apply(self.activation, x, self.where)


class PReLU(Layer):
    """ReLU with a learned slope for negative inputs, one for each unit or channel (axis 1).

    Parameters
    ----------
    init : str, float, array or callable
        Initial slopes (C,), the parameter ``weight``, see `fastnn.nn.init`.
    name : str, optional
        What summaries, errors and parameter names call it; by default its class and number.

    Raises
    ------
    ValueError
        When called, if the input has no axis 1.

    Source
    ------
    He et al., Delving deep into rectifiers (2015).

    Examples
    --------
    >>> import fastnn as fnn
    >>> fnn.Model([fnn.nn.PReLU()], input_shape=(2,)).predict([[-1.0, 2.0]])
    array([[-0.25,  2.  ]], dtype=float32)
    """

    def __init__(self, init: Any = 0.25, name: str | None = None) -> None:
        super().__init__(name)
        self.init = init

    def config(self) -> dict[str, Any]:
        return {"init": self.init}

    def build(self, *inputs: Tensor) -> None:
        (x,) = inputs
        if x.ndim < 2 or x.shape[1] is None:
            raise ValueError(f"{self.where}: input must have shape (N, C, ...), got {x!r}")
        self.weight = self.parameter("weight", (x.shape[1],), self.init, weight=False)

    def forward(self, x: Tensor) -> Any:
        return ops.prelu(x, self.weight)
