"""Initial values of parameters, by name; chance comes from the model's seed alone."""

from __future__ import annotations

import inspect
import math
from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn._checks import check_not_negative
from fastnn._config import Configured

Values = NDArray[np.float64]
# Numbers [first, first + n) of a sequence: uniform in [0, 1), or standard normal. Called with n,
# and with first where it is not 0.
Draw = Callable[..., Values]
Shape = tuple[int, ...]
_PIECE = 1 << 20  # values drawn at a time: a layer of 38 million needs no float64 copy of itself


def fans(shape: Shape) -> tuple[int, int]:
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


class Independent(Configured):
    """Base of initialisers whose values are drawn one by one from the same distribution."""

    def __call__(self, shape: Shape, uniform: Draw, normal: Draw) -> Values:
        """Values of a whole parameter, float64."""
        return self.draw(math.prod(shape), 0, uniform, normal).reshape(shape)

    @abstractmethod
    def draw(self, n: int, first: int, uniform: Draw, normal: Draw) -> Values:
        """Values [first, first + n) of a parameter, float64."""


class Uniform(Independent):
    """Uniform in [-limit, limit).

    Parameters
    ----------
    limit : float, >= 0

    Examples
    --------
    >>> import fastnn as fnn
    >>> model = fnn.Model([fnn.nn.Dense(3, init=fnn.nn.init.Uniform(0.1))], input_shape=(2,))
    >>> bool((abs(model.theta) <= 0.1).all())
    True
    """

    def __init__(self, limit: float) -> None:
        check_not_negative("Uniform", "limit", limit)
        self.limit = limit

    def draw(self, n: int, first: int, uniform: Draw, normal: Draw) -> Values:
        return (2.0 * uniform(n, first) - 1.0) * self.limit


class Normal(Independent):
    """Normal, with mean 0.

    Parameters
    ----------
    std : float, >= 0

    Examples
    --------
    >>> import fastnn as fnn
    >>> model = fnn.Model([fnn.nn.Dense(3, init=fnn.nn.init.Normal(0.01))], input_shape=(2,))
    >>> bool((abs(model.theta) < 0.1).all())
    True
    """

    def __init__(self, std: float) -> None:
        check_not_negative("Normal", "std", std)
        self.std = std

    def draw(self, n: int, first: int, uniform: Draw, normal: Draw) -> Values:
        return normal(n, first) * self.std


def _orthogonal(shape: Shape, uniform: Draw, normal: Draw) -> Values:
    rows, cols = shape[0], math.prod(shape[1:])
    flat = normal(rows * cols).reshape(rows, cols)
    q, r = np.linalg.qr(flat.T if rows < cols else flat)
    q = q * np.sign(np.diag(r))  # makes the distribution uniform over orthogonal matrices
    return np.ascontiguousarray(q.T if rows < cols else q).reshape(shape)


def fill(values: NDArray[Any], init: Any, uniform: Draw, normal: Draw, where: str) -> None:
    """Write the initial values of a parameter.

    Parameters
    ----------
    values : array, contiguous
        Where they go: ``(K, D)`` a dense weight, ``(filters, channels, ...)`` a kernel, ``(K,)`` a
        bias.
    init : str, float, array or callable
        A name of `NAMES`; a number or an array of the shape taken as they are; `Normal` or
        `Uniform`; or a function ``init(shape, uniform, normal)`` that draws from the two generators
        it is given.
    uniform, normal : callable
        ``(n, first=0) -> float64 array (n,)``: numbers [first, first + n) of a sequence, uniform in
        [0, 1) or standard normal.
    where : str
        Head of error texts.

    Raises
    ------
    ValueError
        If the name is unknown, or the values are no finite numbers or have another shape.
    TypeError
        If a function takes other arguments.

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
        init = NAMES[init](values.shape)
    if isinstance(init, Independent):
        flat = values.reshape(-1)
        for first in range(0, flat.size, _PIECE):
            piece = flat[first : first + _PIECE]
            piece[:] = init.draw(piece.size, first, uniform, normal)
        return
    if init is None or isinstance(init, type):
        raise ValueError(
            f"{where}: init must be a name, a number, an array or a function, got {init!r}"
        )
    if callable(init):
        try:
            inspect.signature(init).bind(values.shape, uniform, normal)
        except ValueError:  # a builtin does not tell
            pass
        except TypeError:
            raise TypeError(
                f"{where}: init must be a function of (shape, uniform, normal), got {init!r}"
            ) from None
    given = init(values.shape, uniform, normal) if callable(init) else init
    try:
        array = np.asarray(given, np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{where}: init must give numbers, got {given!r}") from None
    if not np.isfinite(array).all():
        raise ValueError(f"{where}: init must give finite numbers, got NaN or infinity")
    if array.ndim and array.shape != values.shape:
        raise ValueError(f"{where}: init must have shape {values.shape}, got {array.shape}")
    values[...] = array


NAMES: dict[str, Callable[[Shape], Any]] = {
    "zeros": lambda s: 0.0,
    "ones": lambda s: 1.0,
    "normal": lambda s: Normal(1.0),
    "uniform": lambda s: Uniform(0.05),
    "glorot_uniform": lambda s: Uniform(math.sqrt(6.0 / sum(fans(s)))),
    "glorot_normal": lambda s: Normal(math.sqrt(2.0 / sum(fans(s)))),
    "he_uniform": lambda s: Uniform(math.sqrt(6.0 / fans(s)[0])),
    "he_normal": lambda s: Normal(math.sqrt(2.0 / fans(s)[0])),
    "lecun_uniform": lambda s: Uniform(math.sqrt(3.0 / fans(s)[0])),
    "lecun_normal": lambda s: Normal(math.sqrt(1.0 / fans(s)[0])),
    "orthogonal": lambda s: _orthogonal,
    # Nielsen's two: N(0, 1) throughout, and N(0, 1/n_in) for weights (his biases stay N(0, 1)).
    "nielsen_large": lambda s: Normal(1.0),
    "nielsen": lambda s: Normal(math.sqrt(1.0 / fans(s)[0]) if len(s) > 1 else 1.0),
}
