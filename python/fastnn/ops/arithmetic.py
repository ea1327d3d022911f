"""Elementwise arithmetic with NumPy's broadcasting; the operators of `Tensor` call these."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastnn.ops.tensor import Tensor, call

__all__ = ["add", "divide", "maximum", "minimum", "multiply", "power", "subtract", "where"]


def add(a: Any, b: Any) -> Any:
    """Sum, ``y = a + b``.

    Parameters
    ----------
    a, b : float arrays or Tensors, shapes that broadcast
        Summands.

    Returns
    -------
    y : array or Tensor, the broadcast shape

    Raises
    ------
    ValueError
        If the shapes do not broadcast.
    TypeError
        If an operand does not hold real numbers, or symbolic operands differ in dtype.

    Source
    ------
    Harris et al., Array programming with NumPy, Nature 585 (2020).

    Examples
    --------
    >>> add([[1.0, 2.0], [3.0, 4.0]], [10.0, 20.0])
    array([[11., 22.],
           [13., 24.]], dtype=float32)
    """
    return call("add", a, b)


def subtract(a: Any, b: Any) -> Any:
    """Difference, ``y = a - b``.

    Parameters
    ----------
    a, b : float arrays or Tensors, shapes that broadcast
        What to subtract from, and what.

    Returns
    -------
    y : array or Tensor, the broadcast shape

    Raises
    ------
    ValueError
        If the shapes do not broadcast.
    TypeError
        If an operand does not hold real numbers, or symbolic operands differ in dtype.

    Source
    ------
    Harris et al., Array programming with NumPy, Nature 585 (2020).

    Examples
    --------
    >>> subtract([1.0, 2.0], 0.5)
    array([0.5, 1.5], dtype=float32)
    """
    return call("subtract", a, b)


def multiply(a: Any, b: Any) -> Any:
    """Product of elements, ``y = a * b``.

    Parameters
    ----------
    a, b : float arrays or Tensors, shapes that broadcast
        Factors.

    Returns
    -------
    y : array or Tensor, the broadcast shape

    Raises
    ------
    ValueError
        If the shapes do not broadcast.
    TypeError
        If an operand does not hold real numbers, or symbolic operands differ in dtype.

    Source
    ------
    Harris et al., Array programming with NumPy, Nature 585 (2020).

    Examples
    --------
    >>> multiply([[1.0], [2.0]], [3.0, 4.0])
    array([[3., 4.],
           [6., 8.]], dtype=float32)
    """
    return call("multiply", a, b)


def divide(a: Any, b: Any) -> Any:
    """Quotient, ``y = a / b``; division by 0 gives infinity or NaN.

    Parameters
    ----------
    a, b : float arrays or Tensors, shapes that broadcast
        Dividend and divisor.

    Returns
    -------
    y : array or Tensor, the broadcast shape

    Raises
    ------
    ValueError
        If the shapes do not broadcast.
    TypeError
        If an operand does not hold real numbers, or symbolic operands differ in dtype.

    Source
    ------
    Harris et al., Array programming with NumPy, Nature 585 (2020).

    Examples
    --------
    >>> divide([1.0, 3.0], 2.0)
    array([0.5, 1.5], dtype=float32)
    """
    return call("divide", a, b)


def maximum(a: Any, b: Any) -> Any:
    """Larger of two; NaN where either is NaN.

    Parameters
    ----------
    a, b : float arrays or Tensors, shapes that broadcast
        What to compare.

    Returns
    -------
    y : array or Tensor, the broadcast shape
        The gradient goes to the larger, half to each of equals.

    Raises
    ------
    ValueError
        If the shapes do not broadcast.
    TypeError
        If an operand does not hold real numbers, or symbolic operands differ in dtype.

    Source
    ------
    Harris et al., Array programming with NumPy, Nature 585 (2020).

    Examples
    --------
    >>> maximum([1.0, 5.0], [3.0, 4.0])
    array([3., 5.], dtype=float32)
    """
    return call("maximum", a, b)


def minimum(a: Any, b: Any) -> Any:
    """Smaller of two; NaN where either is NaN.

    Parameters
    ----------
    a, b : float arrays or Tensors, shapes that broadcast
        What to compare.

    Returns
    -------
    y : array or Tensor, the broadcast shape
        The gradient goes to the smaller, half to each of equals.

    Raises
    ------
    ValueError
        If the shapes do not broadcast.
    TypeError
        If an operand does not hold real numbers, or symbolic operands differ in dtype.

    Source
    ------
    Harris et al., Array programming with NumPy, Nature 585 (2020).

    Examples
    --------
    >>> minimum([1.0, 5.0], [3.0, 4.0])
    array([1., 4.], dtype=float32)
    """
    return call("minimum", a, b)


def power(a: Any, b: Any) -> Any:
    """Power, ``y = a ** b``; NaN where ``a < 0`` and ``b`` is not an integer.

    Parameters
    ----------
    a, b : float arrays or Tensors, shapes that broadcast
        Base and exponent. A single exponent of 1, 2, 3, 0.5, -1 or -2 is the fast case.

    Returns
    -------
    y : array or Tensor, the broadcast shape

    Raises
    ------
    ValueError
        If the shapes do not broadcast.
    TypeError
        If an operand does not hold real numbers, or symbolic operands differ in dtype.

    Source
    ------
    Harris et al., Array programming with NumPy, Nature 585 (2020).

    Examples
    --------
    >>> power([1.0, 2.0, 3.0], 2.0)
    array([1., 4., 9.], dtype=float32)
    """
    return call("power", a, b)


def where(cond: Any, a: Any, b: Any) -> Any:
    """Choice, ``y = a`` where ``cond`` holds, else ``b``.

    Parameters
    ----------
    cond : array or Tensor of any kind, a shape that broadcasts
        Not 0 (NaN included) holds. It gets no gradient.
    a, b : float arrays or Tensors, shapes that broadcast
        What to choose from.

    Returns
    -------
    y : array or Tensor, the broadcast shape

    Raises
    ------
    ValueError
        If the shapes do not broadcast.
    TypeError
        If ``a`` or ``b`` does not hold real numbers.

    Source
    ------
    Harris et al., Array programming with NumPy, Nature 585 (2020).

    Examples
    --------
    >>> where([True, False], [1.0, 2.0], 0.0)
    array([1., 0.], dtype=float32)
    """
    if isinstance(cond, Tensor):
        return call("where", cond, a, b)
    return call("where", np.asarray(cond) != 0, a, b, integers=(0,))
