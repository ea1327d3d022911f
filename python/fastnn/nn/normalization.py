"""Normalisation layers."""

from __future__ import annotations

from typing import Any

from fastnn import ops
from fastnn._checks import check_count, check_flag, check_not_negative, check_positive, check_real
from fastnn.nn.layer import Layer
from fastnn.ops.attributes import wholes
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
        check_real(self.where, "momentum", momentum, "a number in [0, 1]", lambda v: 0 <= v <= 1)
        check_positive(self.where, "eps", eps)
        self.momentum = momentum
        self.eps = eps
        self.use_scale = check_flag(self.where, "use_scale", use_scale)
        self.use_bias = check_flag(self.where, "use_bias", use_bias)

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


class _Scaled(Layer):
    """A normalisation with a weight that begins with 1 and a bias that begins with 0."""

    def __init__(
        self, eps: float = 1e-5, use_scale: bool = True, use_bias: bool = True, name: Any = None
    ) -> None:
        super().__init__(name)
        check_positive(self.where, "eps", eps)
        self.eps = eps
        self.use_scale = check_flag(self.where, "use_scale", use_scale)
        self.use_bias = check_flag(self.where, "use_bias", use_bias)

    def config(self) -> dict[str, Any]:
        return {"eps": self.eps, "use_scale": self.use_scale, "use_bias": self.use_bias}

    def scaled_shape(self, x: Tensor) -> tuple[int, ...]:
        """Shape of weight and bias."""
        return (channels_of(self, x),)

    def build(self, *inputs: Tensor) -> None:
        shape = self.scaled_shape(inputs[0])
        self.weight = self.parameter("weight", shape, "ones", False) if self.use_scale else None
        self.bias = self.parameter("bias", shape, "zeros", False) if self.use_bias else None


class LayerNorm(_Scaled):
    """Each sample brought to mean 0 and variance 1 over its last axes, then scaled and shifted.

    Parameters
    ----------
    axes : int, >= 1
        How many of the last axes; 1 is each vector of a sequence (N, T, D).
    eps : float, > 0
        Added to the variance.
    use_scale, use_bias : bool
        Whether a weight that begins with 1 multiplies, and a bias that begins with 0 is added, both
        of the shape of those axes. Weight decay does not apply to them.
    name : str, optional
        What summaries, errors and parameter names call it; by default its class and number.

    Raises
    ------
    ValueError
        If a number is out of range; when called, if the input has fewer axes after the batch.

    Source
    ------
    As of `fastnn.ops.layer_norm`.

    Examples
    --------
    >>> import fastnn as fnn
    >>> model = fnn.Model([fnn.nn.LayerNorm()], input_shape=(10, 32))
    >>> model.parameters["layernorm1.weight"].shape
    (32,)
    """

    def __init__(
        self,
        axes: int = 1,
        eps: float = 1e-5,
        use_scale: bool = True,
        use_bias: bool = True,
        name: str | None = None,
    ) -> None:
        super().__init__(eps, use_scale, use_bias, name)
        self.axes = check_count(self.where, "axes", axes)

    def config(self) -> dict[str, Any]:
        return {"axes": self.axes} | super().config()

    def scaled_shape(self, x: Tensor) -> tuple[int, ...]:
        if x.ndim <= self.axes:
            raise ValueError(
                f"{self.where}: input must have {self.axes} axes after the batch, got {x!r}"
            )
        return wholes(self.where, "input's shape", x.shape[x.ndim - self.axes :])

    def forward(self, x: Tensor) -> Any:
        shape = self.scaled_shape(x)
        return ops.layer_norm(x, shape, self.weight, self.bias, float(self.eps))


class GroupNorm(_Scaled):
    """Each group of channels of each sample brought to mean 0 and variance 1, then each channel scaled.

    Parameters
    ----------
    num_groups : int, >= 1
        How many groups the channels are cut into; divides C.
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
        If a number is out of range; when called, if the input has no axis 1 or ``num_groups`` does
        not divide it.

    Source
    ------
    As of `fastnn.ops.group_norm`.

    Examples
    --------
    >>> import fastnn as fnn
    >>> fnn.nn.GroupNorm(4)(fnn.Input((16, 8, 8))).shape
    (None, 16, 8, 8)
    """

    def __init__(
        self,
        num_groups: int,
        eps: float = 1e-5,
        use_scale: bool = True,
        use_bias: bool = True,
        name: str | None = None,
    ) -> None:
        super().__init__(eps, use_scale, use_bias, name)
        self.num_groups = check_count(self.where, "num_groups", num_groups)

    def config(self) -> dict[str, Any]:
        return {"num_groups": self.num_groups} | super().config()

    def forward(self, x: Tensor) -> Any:
        return ops.group_norm(x, self.num_groups, self.weight, self.bias, float(self.eps))


class InstanceNorm(_Scaled):
    """Each channel of each image brought to mean 0 and variance 1 over its pixels, then scaled.

    Parameters
    ----------
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
        If ``eps`` is not above 0; when called, if the input has no pixels.

    Source
    ------
    As of `fastnn.ops.instance_norm`.

    Examples
    --------
    >>> import fastnn as fnn
    >>> fnn.nn.InstanceNorm()(fnn.Input((16, 8, 8))).shape
    (None, 16, 8, 8)
    """

    def __init__(
        self,
        eps: float = 1e-5,
        use_scale: bool = True,
        use_bias: bool = True,
        name: str | None = None,
    ) -> None:
        super().__init__(eps, use_scale, use_bias, name)

    def forward(self, x: Tensor) -> Any:
        return ops.instance_norm(x, self.weight, self.bias, float(self.eps))


class LocalResponseNorm(Layer):
    """Each element divided by what its neighbouring channels hold at the same place.

    Parameters
    ----------
    size : int, >= 1
        Number of channels in a sum.
    alpha : float, >= 0
        Weight of the mean square.
    beta : float, >= 0
        Exponent.
    k : float, > 0
        What is divided by where all is 0, but for the exponent.
    name : str, optional
        What summaries, errors and parameter names call it; by default its class and number.

    Raises
    ------
    ValueError
        If a number is out of range.

    Source
    ------
    As of `fastnn.ops.local_response_norm`, whose docstring has the paper's numbers.

    Examples
    --------
    >>> import fastnn as fnn
    >>> fnn.nn.LocalResponseNorm(5, alpha=5e-4, k=2)(fnn.Input((96, 55, 55))).shape
    (None, 96, 55, 55)
    """

    def __init__(
        self,
        size: int,
        alpha: float = 1e-4,
        beta: float = 0.75,
        k: float = 1.0,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        self.size = check_count(self.where, "size", size)
        check_not_negative(self.where, "alpha", alpha)
        check_not_negative(self.where, "beta", beta)
        check_positive(self.where, "k", k)
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def config(self) -> dict[str, Any]:
        return {"size": self.size, "alpha": self.alpha, "beta": self.beta, "k": self.k}

    def forward(self, x: Tensor) -> Any:
        return ops.local_response_norm(
            x, self.size, float(self.alpha), float(self.beta), float(self.k)
        )
