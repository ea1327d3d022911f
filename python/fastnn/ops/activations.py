"""Activation functions."""

from __future__ import annotations

from typing import Any

from fastnn._checks import is_one_of
from fastnn.ops.attributes import real, whole
from fastnn.ops.tensor import call

__all__ = [
    "elu",
    "gelu",
    "hard_sigmoid",
    "leaky_relu",
    "log_softmax",
    "prelu",
    "relu",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "step",
    "tanh",
]


def sigmoid(x: Any) -> Any:
    """Logistic function, ``y = 1 / (1 + exp(-x))``.

    Parameters
    ----------
    x : float array or Tensor, any shape

    Returns
    -------
    y : array or Tensor like ``x``
        Values in [0, 1].

    Raises
    ------
    TypeError
        If ``x`` does not hold real numbers.

    Source
    ------
    Rumelhart, Hinton and Williams, Learning representations by back-propagating errors, Nature 323
    (1986).

    Examples
    --------
    >>> sigmoid([1.0, 10.0, 2.0]).round(5)
    array([0.73106, 0.99995, 0.8808 ], dtype=float32)
    """
    return call("sigmoid", x)


def tanh(x: Any) -> Any:
    """Hyperbolic tangent.

    Parameters
    ----------
    x : float array or Tensor, any shape

    Returns
    -------
    y : array or Tensor like ``x``
        Values in [-1, 1].

    Raises
    ------
    TypeError
        If ``x`` does not hold real numbers.

    Source
    ------
    LeCun, Bottou, Orr and Müller, Efficient BackProp, Neural Networks: Tricks of the Trade (1998).

    Examples
    --------
    >>> tanh([-1.0, 0.0, 1.0]).round(5)
    array([-0.76159,  0.     ,  0.76159], dtype=float32)
    """
    return call("tanh", x)


def relu(x: Any) -> Any:
    """Rectifier, ``y = max(x, 0)``; its slope at 0 is 0.

    Parameters
    ----------
    x : float array or Tensor, any shape

    Returns
    -------
    y : array or Tensor like ``x``
        Values >= 0.

    Raises
    ------
    TypeError
        If ``x`` does not hold real numbers.

    Source
    ------
    Nair and Hinton, Rectified linear units improve restricted Boltzmann machines, ICML (2010).

    Examples
    --------
    >>> relu([-1.0, 0.0, 2.0])
    array([0., 0., 2.], dtype=float32)
    """
    return call("relu", x)


def leaky_relu(x: Any, negative_slope: float = 0.01) -> Any:
    """``y = x`` where x > 0, ``negative_slope * x`` elsewhere.

    Parameters
    ----------
    x : float array or Tensor, any shape
    negative_slope : float, >= 0

    Returns
    -------
    y : array or Tensor like ``x``
        Values.

    Raises
    ------
    ValueError
        If ``negative_slope`` is below 0 or not finite.
    TypeError
        If ``x`` does not hold real numbers.

    Source
    ------
    Maas, Hannun and Ng, Rectifier nonlinearities improve neural network acoustic models, ICML
    (2013).

    Examples
    --------
    >>> leaky_relu([-1.0, 0.0, 2.0])
    array([-0.01,  0.  ,  2.  ], dtype=float32)
    """
    return call(
        "leaky_relu", x, negative_slope=real("leaky_relu", "negative_slope", negative_slope)
    )


def elu(x: Any, alpha: float = 1.0) -> Any:
    """Exponential linear unit, ``y = x`` where x > 0, ``alpha * (exp(x) - 1)`` elsewhere.

    Parameters
    ----------
    x : float array or Tensor, any shape
    alpha : float, >= 0

    Returns
    -------
    y : array or Tensor like ``x``
        Values > -alpha.

    Raises
    ------
    ValueError
        If ``alpha`` is below 0 or not finite.
    TypeError
        If ``x`` does not hold real numbers.

    Source
    ------
    Clevert, Unterthiner and Hochreiter, Fast and accurate deep network learning by exponential
    linear units (ELUs), ICLR (2016).

    Examples
    --------
    >>> elu([-1.0, 0.0, 2.0]).round(5)
    array([-0.63212,  0.     ,  2.     ], dtype=float32)
    """
    return call("elu", x, alpha=real("elu", "alpha", alpha))


def selu(x: Any) -> Any:
    """Self-normalising unit, ``y = 1.0507 * elu(x, alpha=1.6733)``.

    Parameters
    ----------
    x : float array or Tensor, any shape

    Returns
    -------
    y : array or Tensor like ``x``
        Values > -1.7581.

    Raises
    ------
    TypeError
        If ``x`` does not hold real numbers.

    Source
    ------
    Klambauer, Unterthiner, Mayr and Hochreiter, Self-normalizing neural networks, NIPS (2017).

    Examples
    --------
    >>> selu([-1.0, 0.0, 2.0]).round(5)
    array([-1.11133,  0.     ,  2.1014 ], dtype=float32)
    """
    return call("selu", x)


def gelu(x: Any, approximate: str = "none") -> Any:
    """Gaussian error linear unit, ``y = x * Phi(x)``, Phi the normal distribution.

    Parameters
    ----------
    x : float array or Tensor, any shape
    approximate : "none" or "tanh"
        "tanh": ``x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) / 2``.

    Returns
    -------
    y : array or Tensor like ``x``
        Values >= -0.17.

    Raises
    ------
    ValueError
        If ``approximate`` is another word.
    TypeError
        If ``x`` does not hold real numbers.

    Source
    ------
    Hendrycks and Gimpel, Gaussian error linear units (GELUs), arXiv:1606.08415 (2016).

    Examples
    --------
    >>> gelu([-1.0, 0.0, 2.0]).round(5)
    array([-0.15866,  0.     ,  1.9545 ], dtype=float32)
    >>> gelu([-1.0, 0.0, 2.0], approximate="tanh").round(5)
    array([-0.15881,  0.     ,  1.9546 ], dtype=float32)
    """
    if not is_one_of(approximate, ("none", "tanh")):
        raise ValueError(f"gelu: approximate must be 'none' or 'tanh', got {approximate!r}")
    return call("gelu", x, approximate=int(approximate == "tanh"))


def silu(x: Any) -> Any:
    """Sigmoid-weighted unit (swish), ``y = x * sigmoid(x)``.

    Parameters
    ----------
    x : float array or Tensor, any shape

    Returns
    -------
    y : array or Tensor like ``x``
        Values >= -0.2785.

    Raises
    ------
    TypeError
        If ``x`` does not hold real numbers.

    Source
    ------
    Elfwing, Uchibe and Doya, Sigmoid-weighted linear units for neural network function
    approximation in reinforcement learning, Neural Networks 107 (2018).

    Examples
    --------
    >>> silu([-1.0, 0.0, 2.0]).round(5)
    array([-0.26894,  0.     ,  1.76159], dtype=float32)
    """
    return call("silu", x)


def softplus(x: Any, beta: float = 1.0) -> Any:
    """Smooth rectifier, ``y = log(1 + exp(beta * x)) / beta``.

    Parameters
    ----------
    x : float array or Tensor, any shape
    beta : float, > 0

    Returns
    -------
    y : array or Tensor like ``x``
        Values >= 0.

    Raises
    ------
    ValueError
        If ``beta`` is not a finite number > 0.
    TypeError
        If ``x`` does not hold real numbers.

    Source
    ------
    Dugas et al., Incorporating second-order functional knowledge for better option pricing, NIPS
    (2000).

    Examples
    --------
    >>> softplus([-1.0, 0.0, 2.0]).round(5)
    array([0.31326, 0.69315, 2.12693], dtype=float32)
    """
    return call("softplus", x, beta=real("softplus", "beta", beta))


def hard_sigmoid(x: Any) -> Any:
    """Sigmoid of straight lines, ``y = min(max(x + 3, 0), 6) / 6``.

    Parameters
    ----------
    x : float array or Tensor, any shape

    Returns
    -------
    y : array or Tensor like ``x``
        Values in [0, 1].

    Raises
    ------
    TypeError
        If ``x`` does not hold real numbers.

    Source
    ------
    Courbariaux, Bengio and David, BinaryConnect: training deep neural networks with binary weights
    during propagations, NIPS (2015).

    Examples
    --------
    >>> hard_sigmoid([-4.0, 0.0, 1.5])
    array([0.  , 0.5 , 0.75], dtype=float32)
    """
    return call("hard_sigmoid", x)


def step(x: Any) -> Any:
    """Heaviside step: 1 where x > 0, else 0. Its slope is 0 everywhere.

    Parameters
    ----------
    x : float array or Tensor, any shape

    Returns
    -------
    y : array or Tensor like ``x``
        0 or 1.

    Raises
    ------
    TypeError
        If ``x`` does not hold real numbers.

    Source
    ------
    McCulloch and Pitts, A logical calculus of the ideas immanent in nervous activity, Bulletin of
    Mathematical Biophysics 5 (1943).

    Examples
    --------
    >>> step([-1.0, 0.0, 2.0])
    array([0., 0., 1.], dtype=float32)
    """
    return call("step", x)


def prelu(x: Any, weight: Any) -> Any:
    """Rectifier with a learned slope, ``y = x`` where x > 0, ``weight * x`` elsewhere.

    Parameters
    ----------
    x : float array or Tensor, shape (N, C, ...), or any with one slope
    weight : float array or Tensor, shape (1,) or (C,)
        One slope for all, or one for each index of axis 1.

    Returns
    -------
    y : array or Tensor like ``x``
        Values.

    Raises
    ------
    ValueError
        If ``weight`` has another shape.
    TypeError
        If an operand does not hold real numbers.

    Source
    ------
    He, Zhang, Ren and Sun, Delving deep into rectifiers: surpassing human-level performance on
    ImageNet classification, ICCV (2015).

    Examples
    --------
    >>> prelu([[-1.0, -1.0, 2.0]], weight=[0.5, 0.25, 0.5])
    array([[-0.5 , -0.25,  2.  ]], dtype=float32)
    """
    return call("prelu", x, weight)


def softmax(x: Any, axis: int = -1) -> Any:
    """Softmax along an axis, ``y_i = exp(x_i) / sum_j exp(x_j)``.

    Parameters
    ----------
    x : float array or Tensor, at least 1 axis
    axis : int
        Negative ones count from the last.

    Returns
    -------
    y : array or Tensor like ``x``
        Values in [0, 1] whose sum along ``axis`` is 1.

    Raises
    ------
    ValueError
        If ``x`` has no axis, or not this one.
    TypeError
        If ``x`` does not hold real numbers.

    Source
    ------
    Bridle, Probabilistic interpretation of feedforward classification network outputs,
    Neurocomputing, NATO ASI Series 68 (1990).

    Examples
    --------
    >>> softmax([[1.0, 2.0, 3.0]]).round(5)
    array([[0.09003, 0.24473, 0.66524]], dtype=float32)
    """
    return call("softmax", x, axis=whole("softmax", "axis", axis))


def log_softmax(x: Any, axis: int = -1) -> Any:
    """Logarithm of softmax along an axis, ``y_i = x_i - log(sum_j exp(x_j))``.

    Parameters
    ----------
    x : float array or Tensor, at least 1 axis
    axis : int
        Negative ones count from the last.

    Returns
    -------
    y : array or Tensor like ``x``
        Values <= 0.

    Raises
    ------
    ValueError
        If ``x`` has no axis, or not this one.
    TypeError
        If ``x`` does not hold real numbers.

    Source
    ------
    Bridle, Probabilistic interpretation of feedforward classification network outputs,
    Neurocomputing, NATO ASI Series 68 (1990).

    Examples
    --------
    >>> log_softmax([[1.0, 2.0, 3.0]]).round(5)
    array([[-2.40761, -1.40761, -0.40761]], dtype=float32)
    """
    return call("log_softmax", x, axis=whole("log_softmax", "axis", axis))
