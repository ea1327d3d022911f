"""Normalisation layers."""

from __future__ import annotations

from typing import Any

from fastnn import ops
from fastnn._config import check_positive, check_real
from fastnn.nn.layer import Layer
from fastnn.ops.tensor import Tensor


def channels_of(layer: Layer, x: Tensor) -> int:
    """Length of axis 1 of a layer's input."""
    if x.ndim < 2 or x.shape[1] is None:
        raise ValueError(f"{layer.where}: input must have shape (N, C, ...), got {x!r}")
    return x.shape[1]


class BatchNorm(Layer):
    """Each channel brought to mean 0 and variance 1 over the batch, then scaled and shifted.

    After dense layers (N, C), sequences (N, C, L) or images (N, C, H, W). Training normalises by
    the batch and carries running statistics, which predictions use.

    Parameters
    ----------
    momentum : float, in [0, 1]
        Share of a batch in the running statistics.
    eps : float, > 0
        Added to the variance.
    use_scale, use_bias : bool
        Whether a weight (C,) that begins with 1 multiplies, and a bias (C,) that begins with 0 is
        added. Weight decay does not apply to them.
    name : str, optional
        What summaries, errors and parameter names call it; by default its class and number.

    Raises
    ------
    ValueError
        If a number is out of range; when called, if the input has no axis 1; when training, if a
        batch has one value per channel.

    Source
    ------
    Ioffe and Szegedy, Batch normalization: accelerating deep network training by reducing internal
    covariate shift, ICML (2015).

    Examples
    --------
    >>> import fastnn as fnn
    >>> model = fnn.Model([fnn.nn.BatchNorm()], input_shape=(16, 8, 8))
    >>> [(name, array.shape) for name, array in model.states.items()]
    [('batchnorm1.running_mean', (16,)), ('batchnorm1.running_var', (16,))]
    """

    def __init__(
        self,
        momentum: float = 0.1,
        eps: float = 1e-5,
        use_scale: bool = True,
        use_bias: bool = True,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        check_real("BatchNorm", "momentum", momentum, "a number in [0, 1]", lambda v: 0 <= v <= 1)
        check_positive("BatchNorm", "eps", eps)
        self.momentum = momentum
        self.eps = eps
        self.use_scale = use_scale
        self.use_bias = use_bias

    def config(self) -> dict[str, Any]:
        return {
            "momentum": self.momentum,
            "eps": self.eps,
            "use_scale": self.use_scale,
            "use_bias": self.use_bias,
        }

    def build(self, *inputs: Tensor) -> None:
        shape = (channels_of(self, inputs[0]),)
        self.weight = self.parameter("weight", shape, "ones", False) if self.use_scale else None
        self.bias = self.parameter("bias", shape, "zeros", False) if self.use_bias else None
        self.running_mean = self.state("running_mean", shape, "zeros")
        self.running_var = self.state("running_var", shape, "ones")

    def forward(self, x: Tensor) -> Any:
        y, self.running_mean.update, self.running_var.update = ops.batch_norm(
            x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            momentum=float(self.momentum),
            eps=float(self.eps),
        )
        return y
