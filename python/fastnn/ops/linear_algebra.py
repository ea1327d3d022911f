"""Products of matrices and vectors."""

from __future__ import annotations

from typing import Any

from fastnn._checks import check_flag
from fastnn.ops.attributes import real
from fastnn.ops.tensor import call, where_of

__all__ = ["addmm", "bmm", "linear", "matmul", "matvec", "outer"]


def matmul(a: Any, b: Any, transpose_a: bool = False, transpose_b: bool = False) -> Any:
    """Matrix product over the last two axes; the axes before them broadcast.

    A vector ``a`` counts as one row, a vector ``b`` as one column, and that axis is left out of the
    result.

    Parameters
    ----------
    a : float array or Tensor, shape (..., M, K) or (K,)
        Left factor; shape (..., K, M) with ``transpose_a``.
    b : float array or Tensor, shape (..., K, J) or (K,)
        Right factor; shape (..., J, K) with ``transpose_b``.
    transpose_a, transpose_b : bool
        Multiply by the transpose, without making it. Vectors stay as they are.

    Returns
    -------
    y : array or Tensor, shape (..., M, J)

    Raises
    ------
    ValueError
        If the inner lengths differ or the batch axes do not broadcast.
    TypeError
        If a flag is no bool.

    Source
    ------
    Cayley, A memoir on the theory of matrices, Phil. Trans. 148 (1858).

    Examples
    --------
    >>> matmul([[1.0, 2.0], [3.0, 4.0]], [[1.0, 0.0], [1.0, 1.0]])
    array([[3., 2.],
           [7., 4.]], dtype=float32)
    """
    where = where_of("matmul")
    return call(
        "matmul",
        a,
        b,
        transpose_a=check_flag(where, "transpose_a", transpose_a),
        transpose_b=check_flag(where, "transpose_b", transpose_b),
    )


def bmm(a: Any, b: Any) -> Any:
    """Matrix products of a batch, ``y[n] = a[n] @ b[n]``.

    Parameters
    ----------
    a : float array or Tensor, shape (N, M, K)
        Left factors.
    b : float array or Tensor, shape (N, K, J)
        Right factors.

    Returns
    -------
    y : array or Tensor, shape (N, M, J)

    Raises
    ------
    ValueError
        If the shapes are not these.

    Source
    ------
    Dongarra et al., The design and performance of batched BLAS on modern high-performance computing
    systems, Procedia Computer Science 108 (2017).

    Examples
    --------
    >>> bmm([[[2.0]], [[3.0]]], [[[1.0, 2.0]], [[3.0, 4.0]]])
    array([[[ 2.,  4.]],
    <BLANKLINE>
           [[ 9., 12.]]], dtype=float32)
    """
    return call("bmm", a, b)


def matvec(a: Any, b: Any) -> Any:
    """Matrix times vector, ``y[i] = sum_k a[i, k] b[k]`` (PyTorch's ``mv``).

    Parameters
    ----------
    a : float array or Tensor, shape (M, K)
        Matrix.
    b : float array or Tensor, shape (K,)
        Vector.

    Returns
    -------
    y : array or Tensor, shape (M,)

    Raises
    ------
    ValueError
        If the shapes are not these.

    Source
    ------
    Lawson et al., Basic linear algebra subprograms for Fortran usage, ACM TOMS 5 (1979).

    Examples
    --------
    >>> matvec([[1.0, 2.0], [3.0, 4.0]], [1.0, 1.0])
    array([3., 7.], dtype=float32)
    """
    return call("matvec", a, b)


def outer(a: Any, b: Any) -> Any:
    """Outer product, the matrix of rank one ``y[i, j] = a[i] b[j]``.

    Parameters
    ----------
    a : float array or Tensor, shape (M,)
        Left vector.
    b : float array or Tensor, shape (K,)
        Right vector.

    Returns
    -------
    y : array or Tensor, shape (M, K)

    Raises
    ------
    ValueError
        If ``a`` or ``b`` is not a vector.

    Source
    ------
    Grassmann, Die lineale Ausdehnungslehre (1844).

    Examples
    --------
    >>> outer([1.0, 2.0], [3.0, 4.0])
    array([[3., 4.],
           [6., 8.]], dtype=float32)
    """
    return call("outer", a, b)


def addmm(c: Any, a: Any, b: Any, beta: float = 1.0, alpha: float = 1.0) -> Any:
    """Matrix product added to a matrix, ``y = beta c + alpha a @ b``.

    Parameters
    ----------
    c : float array or Tensor, a shape that broadcasts to (M, J)
        What is added to. It is not read where ``beta`` is 0.
    a : float array or Tensor, shape (M, K)
        Left factor.
    b : float array or Tensor, shape (K, J)
        Right factor.
    beta, alpha : float
        Weights of the two terms.

    Returns
    -------
    y : array or Tensor, shape (M, J)

    Raises
    ------
    ValueError
        If the shapes are not these.

    Source
    ------
    Dongarra et al., A set of level 3 basic linear algebra subprograms, ACM TOMS 16 (1990).

    Examples
    --------
    >>> addmm([1.0, -1.0], [[1.0, 2.0]], [[1.0, 0.0], [0.0, 1.0]], alpha=10.0)
    array([[11., 19.]], dtype=float32)
    """
    return call(
        "addmm", c, a, b, beta=real("addmm", "beta", beta), alpha=real("addmm", "alpha", alpha)
    )


def linear(x: Any, w: Any, b: Any = None) -> Any:
    """Dense layer, ``y = x @ w.T + b``.

    Parameters
    ----------
    x : float array or Tensor, shape (..., D)
        Inputs.
    w : float array or Tensor, shape (K, D)
        Weights, a row for each unit.
    b : float array or Tensor, shape (K,), or None
        Biases.

    Returns
    -------
    y : array or Tensor, shape (..., K)

    Raises
    ------
    ValueError
        If the shapes are not these.

    Source
    ------
    Rosenblatt, The perceptron: a probabilistic model for information storage and organization in
    the brain, Psychological Review 65 (1958).

    Examples
    --------
    >>> linear([[1.0, 2.0]], w=[[1.0, 1.0], [1.0, -1.0], [0.0, 2.0]], b=[0.0, 0.0, 1.0])
    array([[ 3., -1.,  5.]], dtype=float32)
    """
    return call("linear", x, w) if b is None else call("linear", x, w, b)
