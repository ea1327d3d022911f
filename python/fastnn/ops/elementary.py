"""Elementary functions of one array."""

from __future__ import annotations

from typing import Any

from fastnn.ops.tensor import call

__all__ = [
    "abs",
    "erf",
    "exp",
    "log",
    "negative",
    "reciprocal",
    "sqrt",
    "square",
]


def exp(x: Any) -> Any:
    """Exponential function.

    Parameters
    ----------
    x : float array or Tensor, any shape

    Returns
    -------
    y : array or Tensor like ``x``
        Values >= 0; infinity above 88.7 (float32).

    Raises
    ------
    TypeError
        If ``x`` does not hold real numbers.

    Source
    ------
    Abramowitz and Stegun, Handbook of mathematical functions (1964), 4.2.

    Examples
    --------
    >>> exp([-1.0, 0.0, 1.0]).round(5)
    array([0.36788, 1.     , 2.71828], dtype=float32)
    """
    return call("exp", x)


def log(x: Any) -> Any:
    """Natural logarithm.

    Parameters
    ----------
    x : float array or Tensor, any shape

    Returns
    -------
    y : array or Tensor like ``x``
        Values; -infinity at 0, NaN below.

    Raises
    ------
    TypeError
        If ``x`` does not hold real numbers.

    Source
    ------
    Abramowitz and Stegun, Handbook of mathematical functions (1964), 4.1.

    Examples
    --------
    >>> log([1.0, 2.718281828, 10.0]).round(5)
    array([0.     , 1.     , 2.30259], dtype=float32)
    """
    return call("log", x)


def erf(x: Any) -> Any:
    """Error function, ``y = 2 / sqrt(pi)`` times the integral of ``exp(-t**2)`` from 0 to x.

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
    Abramowitz and Stegun, Handbook of mathematical functions (1964), 7.1.

    Examples
    --------
    >>> erf([-1.0, 0.0, 0.5]).round(5)
    array([-0.8427,  0.    ,  0.5205], dtype=float32)
    """
    return call("erf", x)


def sqrt(x: Any) -> Any:
    """Square root. Its slope at 0 is infinity.

    Parameters
    ----------
    x : float array or Tensor, any shape

    Returns
    -------
    y : array or Tensor like ``x``
        Values >= 0; NaN where x < 0.

    Raises
    ------
    TypeError
        If ``x`` does not hold real numbers.

    Source
    ------
    Abramowitz and Stegun, Handbook of mathematical functions (1964), 3.6.

    Examples
    --------
    >>> sqrt([0.0, 2.25, 16.0])
    array([0. , 1.5, 4. ], dtype=float32)
    """
    return call("sqrt", x)


def square(x: Any) -> Any:
    """``y = x * x``.

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
    Abramowitz and Stegun, Handbook of mathematical functions (1964), 3.6.

    Examples
    --------
    >>> square([-3.0, 0.5])
    array([9.  , 0.25], dtype=float32)
    """
    return call("square", x)


def abs(x: Any) -> Any:
    """Absolute value. Its slope at 0 is 0.

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
    Abramowitz and Stegun, Handbook of mathematical functions (1964), 3.2.

    Examples
    --------
    >>> abs([-3.0, 0.5])
    array([3. , 0.5], dtype=float32)
    """
    return call("abs", x)


def negative(x: Any) -> Any:
    """``y = -x``.

    Parameters
    ----------
    x : float array or Tensor, any shape

    Returns
    -------
    y : array or Tensor like ``x``
        Values.

    Raises
    ------
    TypeError
        If ``x`` does not hold real numbers.

    Source
    ------
    Abramowitz and Stegun, Handbook of mathematical functions (1964), 3.2.

    Examples
    --------
    >>> negative([-3.0, 0.5])
    array([ 3. , -0.5], dtype=float32)
    """
    return call("negative", x)


def reciprocal(x: Any) -> Any:
    """``y = 1 / x``.

    Parameters
    ----------
    x : float array or Tensor, any shape

    Returns
    -------
    y : array or Tensor like ``x``
        Values; infinity at 0.

    Raises
    ------
    TypeError
        If ``x`` does not hold real numbers.

    Source
    ------
    Abramowitz and Stegun, Handbook of mathematical functions (1964), 3.6.

    Examples
    --------
    >>> reciprocal([-4.0, 0.5])
    array([-0.25,  2.  ], dtype=float32)
    """
    return call("reciprocal", x)
