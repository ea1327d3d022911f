"""Reductions over axes: sums, extremes, norms."""

from __future__ import annotations

from typing import Any

from fastnn._checks import check_flag
from fastnn.ops.attributes import Axis, axes, real
from fastnn.ops.tensor import call, where_of

__all__ = [
    "argmax",
    "argmin",
    "logsumexp",
    "max",
    "mean",
    "min",
    "norm",
    "prod",
    "sum",
    "var",
]


def _reduced(op: str, x: Any, axis: Axis, keepdims: Any, **attrs: Any) -> Any:
    where = where_of(op)
    kept = check_flag(where, "keepdims", keepdims)
    return call(op, x, axis=axes(where, axis), keepdims=kept, **attrs)


def sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Sum over axes, in an order that the shape fixes; partial sums are float64.

    Parameters
    ----------
    x : float array or Tensor, any shape
        Terms.
    axis : int, tuple of one int at least, or None
        What to reduce over; None is all axes.
    keepdims : bool
        Keep the reduced axes, of length 1.

    Returns
    -------
    y : array or Tensor, ``x`` without the reduced axes

    Raises
    ------
    ValueError
        If an axis does not exist or is named twice.

    Source
    ------
    Higham, The accuracy of floating point summation, SIAM J. Sci. Comput. 14 (1993).

    Examples
    --------
    >>> sum([[1.0, 2.0], [3.0, 4.0]], axis=0)
    array([4., 6.], dtype=float32)
    """
    return _reduced("sum", x, axis, keepdims)


def mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Mean over axes; the mean of nothing is NaN.

    Parameters
    ----------
    x : float array or Tensor, any shape
        Terms.
    axis : int, tuple of one int at least, or None
        What to reduce over; None is all axes.
    keepdims : bool
        Keep the reduced axes, of length 1.

    Returns
    -------
    y : array or Tensor, ``x`` without the reduced axes

    Raises
    ------
    ValueError
        If an axis does not exist or is named twice.

    Source
    ------
    Higham, The accuracy of floating point summation, SIAM J. Sci. Comput. 14 (1993).

    Examples
    --------
    >>> mean([[1.0, 2.0], [3.0, 4.0]], axis=1, keepdims=True)
    array([[1.5],
           [3.5]], dtype=float32)
    """
    return _reduced("mean", x, axis, keepdims)


def max(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Largest element over axes; NaN where there is one.

    The gradient is shared evenly among equals (PyTorch's ``amax``).

    Parameters
    ----------
    x : float array or Tensor, any shape
        What to compare.
    axis : int, tuple of one int at least, or None
        What to reduce over; None is all axes.
    keepdims : bool
        Keep the reduced axes, of length 1.

    Returns
    -------
    y : array or Tensor, ``x`` without the reduced axes

    Raises
    ------
    ValueError
        If an axis does not exist, is named twice, or ``x`` has no element along the reduced axes.

    Source
    ------
    Iverson, A Programming Language, Wiley (1962).

    Examples
    --------
    >>> max([[1.0, 5.0], [3.0, 4.0]], axis=1)
    array([5., 4.], dtype=float32)
    """
    return _reduced("max", x, axis, keepdims)


def min(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Smallest element over axes; NaN where there is one.

    The gradient is shared evenly among equals (PyTorch's ``amin``).

    Parameters
    ----------
    x : float array or Tensor, any shape
        What to compare.
    axis : int, tuple of one int at least, or None
        What to reduce over; None is all axes.
    keepdims : bool
        Keep the reduced axes, of length 1.

    Returns
    -------
    y : array or Tensor, ``x`` without the reduced axes

    Raises
    ------
    ValueError
        If an axis does not exist, is named twice, or ``x`` has no element along the reduced axes.

    Source
    ------
    Iverson, A Programming Language, Wiley (1962).

    Examples
    --------
    >>> min([[1.0, 5.0], [3.0, 4.0]], axis=1)
    array([1., 3.], dtype=float32)
    """
    return _reduced("min", x, axis, keepdims)


def prod(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Product over axes; the gradient is exact where there are zeros.

    Parameters
    ----------
    x : float array or Tensor, any shape
        Factors.
    axis : int, tuple of one int at least, or None
        What to reduce over; None is all axes.
    keepdims : bool
        Keep the reduced axes, of length 1.

    Returns
    -------
    y : array or Tensor, ``x`` without the reduced axes

    Raises
    ------
    ValueError
        If an axis does not exist or is named twice.

    Source
    ------
    Iverson, A Programming Language, Wiley (1962).

    Examples
    --------
    >>> prod([[1.0, 2.0], [3.0, 4.0]], axis=1)
    array([ 2., 12.], dtype=float32)
    """
    return _reduced("prod", x, axis, keepdims)


def var(x: Any, axis: Axis = None, keepdims: bool = False, correction: float = 1.0) -> Any:
    """Variance over axes, ``sum (x - mean)**2 / (count - correction)``.

    Parameters
    ----------
    x : float array or Tensor, any shape
        Samples.
    axis : int, tuple of one int at least, or None
        What to reduce over; None is all axes.
    keepdims : bool
        Keep the reduced axes, of length 1.
    correction : float, >= 0
        1 estimates the variance of the population, 0 is that of the sample.

    Returns
    -------
    y : array or Tensor, ``x`` without the reduced axes
        NaN where the count is not above ``correction``.

    Raises
    ------
    ValueError
        If an axis does not exist, is named twice, or ``correction`` is negative.

    Source
    ------
    Bessel, Untersuchungen ueber die Wahrscheinlichkeit der Beobachtungsfehler, Astronomische
    Nachrichten 15 (1838).

    Examples
    --------
    >>> var([1.0, 2.0, 3.0])
    array(1., dtype=float32)
    """
    return _reduced(
        "var",
        x,
        axis,
        keepdims,
        correction=real("var", "correction", correction),
    )


def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Position of the largest element, the first of equals; of the first NaN where there is one.

    Parameters
    ----------
    x : float array or Tensor, any shape
        What to compare.
    axis : int or None
        What to reduce over; None is all axes.
    keepdims : bool
        Keep the reduced axes, of length 1.

    Returns
    -------
    y : int64 array or Tensor, ``x`` without the axis
        Positions along the axis, or in ``x`` laid out flat. No gradient.

    Raises
    ------
    ValueError
        If an axis does not exist, or ``x`` has no element along it.

    Source
    ------
    Iverson, A Programming Language, Wiley (1962).

    Examples
    --------
    >>> argmax([[1.0, 5.0], [3.0, 2.0]], axis=1)
    array([1, 0])
    """
    return _reduced("argmax", x, axis, keepdims)


def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Position of the smallest element, the first of equals; of the first NaN where there is one.

    Parameters
    ----------
    x : float array or Tensor, any shape
        What to compare.
    axis : int or None
        What to reduce over; None is all axes.
    keepdims : bool
        Keep the reduced axes, of length 1.

    Returns
    -------
    y : int64 array or Tensor, ``x`` without the axis
        Positions along the axis, or in ``x`` laid out flat. No gradient.

    Raises
    ------
    ValueError
        If an axis does not exist, or ``x`` has no element along it.

    Source
    ------
    Iverson, A Programming Language, Wiley (1962).

    Examples
    --------
    >>> argmin([[1.0, 5.0], [3.0, 2.0]], axis=1)
    array([0, 1])
    """
    return _reduced("argmin", x, axis, keepdims)


def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Logarithm of the sum of exponentials over axes, without overflow.

    Parameters
    ----------
    x : float array or Tensor, any shape
        Exponents.
    axis : int, tuple of one int at least, or None
        What to reduce over; None is all axes.
    keepdims : bool
        Keep the reduced axes, of length 1.

    Returns
    -------
    y : array or Tensor, ``x`` without the reduced axes

    Raises
    ------
    ValueError
        If an axis does not exist, is named twice, or ``x`` has no element along the reduced axes.

    Source
    ------
    Blanchard, Higham and Higham, Accurately computing the log-sum-exp and softmax functions,
    IMA J. Numer. Anal. 41 (2021).

    Examples
    --------
    >>> round(float(logsumexp([1000.0, 1000.0])), 3)
    1000.693
    """
    return _reduced("logsumexp", x, axis, keepdims)


def norm(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Euclidean norm over axes, ``sqrt(sum x**2)``, without overflow in float32.

    Its gradient is 0 where the norm is 0.

    Parameters
    ----------
    x : float array or Tensor, any shape
        Vectors.
    axis : int, tuple of one int at least, or None
        What to reduce over; None is all axes.
    keepdims : bool
        Keep the reduced axes, of length 1.

    Returns
    -------
    y : array or Tensor, ``x`` without the reduced axes

    Raises
    ------
    ValueError
        If an axis does not exist or is named twice.

    Source
    ------
    Blue, A portable Fortran program to find the Euclidean norm of a vector, ACM TOMS 4 (1978).

    Examples
    --------
    >>> norm([[3.0, 4.0], [0.0, 2.0]], axis=1)
    array([5., 2.], dtype=float32)
    """
    return _reduced("norm", x, axis, keepdims)
