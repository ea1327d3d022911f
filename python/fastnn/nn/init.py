"""Initial values of parameters, by name; chance comes from the model's seed alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
# Draws n numbers: uniform in [0, 1), or standard normal.
Draw = Callable[[int], Values]


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """Inputs and outputs of one unit: (D, K) of a dense weight (K, D); a kernel's area counts.

    Examples
    --------
    >>> fans((30, 784)), fans((16, 3, 5, 5)), fans((7,))
    ((784, 30), (75, 400), (7, 7))
    """
    if len(shape) < 2:
        n = max(math.prod(shape), 1)
        return n, n
    area = math.prod(shape[2:])
    return max(shape[1] * area, 1), max(shape[0] * area, 1)


def _uniform(limit: float, shape: tuple[int, ...], uniform: Draw) -> Values:
    return ((2.0 * uniform(math.prod(shape)) - 1.0) * limit).reshape(shape)


def _normal(deviation: float, shape: tuple[int, ...], normal: Draw) -> Values:
    return (normal(math.prod(shape)) * deviation).reshape(shape)


def _orthogonal(shape: tuple[int, ...], normal: Draw) -> Values:
    rows, cols = shape[0], math.prod(shape[1:])
    flat = normal(rows * cols).reshape(rows, cols)
    q, r = np.linalg.qr(flat.T if rows < cols else flat)
    q = q * np.sign(np.diag(r))  # makes the distribution uniform over orthogonal matrices
    return np.ascontiguousarray(q.T if rows < cols else q).reshape(shape)


def initial(init: Any, shape: tuple[int, ...], uniform: Draw, normal: Draw, where: str) -> Values:
    """Initial values of a parameter.

    Parameters
    ----------
    init : str, float, array or callable
        A name of `NAMES`; a number or an array of ``shape`` taken as they are; or a function
        ``init(shape, uniform, normal)`` that draws from the two generators it is given.
    shape : tuple of int
        ``(K, D)`` for a dense weight, ``(filters, channels, ...)`` for a kernel, ``(K,)`` for a bias.
    uniform, normal : callable
        ``n -> float64 array (n,)``: uniform in [0, 1), standard normal.
    where : str
        Head of error texts.

    Returns
    -------
    float64 array of ``shape``

    Raises
    ------
    ValueError
        If the name is unknown or the values have another shape.

    Source
    ------
    Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks
    (2010); He et al., Delving deep into rectifiers (2015); LeCun et al., Efficient backprop (1998);
    Saxe et al., Exact solutions to the nonlinear dynamics of learning (2014); Nielsen, Neural
    Networks and Deep Learning, chapter 3 (2015).
    """
    if isinstance(init, str):
        if init not in NAMES:
            raise ValueError(f"{where}: init must be one of {', '.join(NAMES)}, got {init!r}")
        return NAMES[init](shape, uniform, normal)
    values = init(shape, uniform, normal) if callable(init) else init
    array = np.asarray(values, dtype=np.float64)
    if array.ndim == 0:
        array = np.full(shape, float(array))
    if array.shape != shape:
        raise ValueError(f"{where}: init must have shape {shape}, got {array.shape}")
    return array


NAMES: dict[str, Callable[[tuple[int, ...], Draw, Draw], Values]] = {
    "zeros": lambda s, u, n: np.zeros(s),
    "ones": lambda s, u, n: np.ones(s),
    "normal": lambda s, u, n: _normal(1.0, s, n),
    "uniform": lambda s, u, n: _uniform(0.05, s, u),
    "glorot_uniform": lambda s, u, n: _uniform(math.sqrt(6.0 / sum(fans(s))), s, u),
    "glorot_normal": lambda s, u, n: _normal(math.sqrt(2.0 / sum(fans(s))), s, n),
    "he_uniform": lambda s, u, n: _uniform(math.sqrt(6.0 / fans(s)[0]), s, u),
    "he_normal": lambda s, u, n: _normal(math.sqrt(2.0 / fans(s)[0]), s, n),
    "lecun_uniform": lambda s, u, n: _uniform(math.sqrt(3.0 / fans(s)[0]), s, u),
    "lecun_normal": lambda s, u, n: _normal(math.sqrt(1.0 / fans(s)[0]), s, n),
    "orthogonal": lambda s, u, n: _orthogonal(s, n),
    # Nielsen's two: N(0, 1) throughout, and N(0, 1/n_in) for weights (his biases stay N(0, 1)).
    "nielsen_large": lambda s, u, n: _normal(1.0, s, n),
    "nielsen": lambda s, u, n: _normal(math.sqrt(1.0 / fans(s)[0]) if len(s) > 1 else 1.0, s, n),
}
