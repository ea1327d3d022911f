"""Shapes: views, orders of axes, parts and joins of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastnn._checks import is_one_of
from fastnn.ops.attributes import real, whole, wholes
from fastnn.ops.tensor import Tensor, call, where_of

__all__ = [
    "broadcast_to",
    "concatenate",
    "embedding",
    "gather",
    "pad",
    "permute",
    "reshape",
    "slice",
    "stack",
    "transpose",
]

Lengths = int | Sequence[int | None]
_END = 2**63 - 1  # stop at the end, see slice.cpp


def _ndim(x: Any) -> int:
    return x.ndim if isinstance(x, Tensor) else np.ndim(x)


def _several(where: str, tensors: Any) -> Any:
    if isinstance(tensors, Tensor) or not isinstance(tensors, Sequence | np.ndarray):
        raise TypeError(
            f"{where}: tensors must be a sequence of arrays or Tensors, got {tensors!r}"
        )
    return tensors


def reshape(x: Any, shape: Lengths) -> Any:
    """The same elements in the same order under another shape; costs nothing inside a model.

    Parameters
    ----------
    x : array or Tensor, any shape
    shape : int, or sequence of int and None
        Axis lengths. One may be -1: what is left over. The first may be None: the first of ``x``,
        which is how a model keeps its batch; -1 there means the same while the batch is not known.

    Returns
    -------
    y : array or Tensor, shape ``shape``

    Raises
    ------
    ValueError
        If the number of elements differs, or the batch does not stay first.

    Source
    ------
    Iverson, A Programming Language, Wiley (1962).

    Examples
    --------
    >>> reshape([[1.0, 2.0, 3.0, 4.0]], (None, 2, -1))
    array([[[1., 2.],
            [3., 4.]]], dtype=float32)
    """
    return call("reshape", x, shape=wholes(where_of("reshape"), "shape", shape, none=-2))


def permute(x: Any, dims: Sequence[int]) -> Any:
    """Axes in another order: axis ``a`` of the result is axis ``dims[a]`` of ``x``.

    Parameters
    ----------
    x : array or Tensor, any shape
    dims : sequence of int
        Each axis of ``x`` once.

    Returns
    -------
    y : array or Tensor

    Raises
    ------
    ValueError
        If ``dims`` does not name each axis once.

    Source
    ------
    Iverson, A Programming Language, Wiley (1962).

    Examples
    --------
    >>> permute([[[1.0, 2.0]], [[3.0, 4.0]]], (2, 0, 1)).tolist()
    [[[1.0], [3.0]], [[2.0], [4.0]]]
    """
    return call("permute", x, dims=wholes(where_of("permute"), "dims", dims))


def transpose(x: Any, dim0: int = -2, dim1: int = -1) -> Any:
    """Two axes exchanged, by default the last two: the transpose of a matrix.

    Parameters
    ----------
    x : array or Tensor, any shape
    dim0, dim1 : int
        The axes.

    Returns
    -------
    y : array or Tensor

    Raises
    ------
    ValueError
        If ``x`` has no such axis.

    Source
    ------
    Cayley, A memoir on the theory of matrices, Phil. Trans. 148 (1858).

    Examples
    --------
    >>> transpose([[1.0, 2.0], [3.0, 4.0]])
    array([[1., 3.],
           [2., 4.]], dtype=float32)
    """
    where = where_of("transpose")
    if isinstance(dim0, Sequence):
        raise TypeError(
            f"{where}: dim0 must be an integer, got {dim0!r}; ops.permute takes all axes at once"
        )
    first, second = whole(where, "dim0", dim0), whole(where, "dim1", dim1)
    return call("transpose", x, dim0=first, dim1=second)


def concatenate(tensors: Sequence[Any], axis: int = 0) -> Any:
    """Arrays joined one after another along an axis (PyTorch's ``cat``).

    Parameters
    ----------
    tensors : sequence of arrays or Tensors
        One shape but for ``axis``.
    axis : int
        In a model not the batch.

    Returns
    -------
    y : array or Tensor

    Raises
    ------
    ValueError
        If there is no array, or shapes do not fit, or an axis does not exist.

    Source
    ------
    Harris et al., Array programming with NumPy, Nature 585 (2020).

    Examples
    --------
    >>> concatenate([[[1.0], [2.0]], [[3.0, 4.0], [5.0, 6.0]]], axis=1)
    array([[1., 3., 4.],
           [2., 5., 6.]], dtype=float32)
    """
    where = where_of("concatenate")
    return call("concatenate", *_several(where, tensors), axis=whole(where, "axis", axis))


def stack(tensors: Sequence[Any], axis: int = 0) -> Any:
    """Arrays of one shape joined along a new axis.

    Parameters
    ----------
    tensors : sequence of arrays or Tensors
        All of one shape.
    axis : int
        Where the new axis stands in the result.

    Returns
    -------
    y : array or Tensor

    Raises
    ------
    ValueError
        If there is no array, or shapes differ, or an axis does not exist.

    Source
    ------
    Harris et al., Array programming with NumPy, Nature 585 (2020).

    Examples
    --------
    >>> stack([[1.0, 2.0], [3.0, 4.0]], axis=1)
    array([[1., 3.],
           [2., 4.]], dtype=float32)
    """
    where = where_of("stack")
    return call("stack", *_several(where, tensors), axis=whole(where, "axis", axis))


def slice(
    x: Any,
    start: int | Sequence[int | None] | None = None,
    stop: int | Sequence[int | None] | None = None,
    step: int | Sequence[int | None] | None = None,
    axis: int | Sequence[int] = 0,
) -> Any:
    """Every ``step``-th element from ``start`` up to ``stop`` along axes, by Python's rules.

    Tensors know ``x[:, 1:, ::2]``, which comes here.

    Parameters
    ----------
    x : array or Tensor, at least 1 axis
    start, stop, step : int or None, or a sequence of them, one for each of ``axis``
        As in ``x[start:stop:step]``; ``step`` may be negative.
    axis : int, or sequence of int
        The axes cut; the others are taken whole.

    Returns
    -------
    y : array or Tensor

    Raises
    ------
    ValueError
        If an axis does not exist, a step is 0, or a model's batch is not taken whole.

    Source
    ------
    van Rossum and Drake, The Python Language Reference, section 6.3.3 (2003).

    Examples
    --------
    >>> slice([[1.0, 2.0, 3.0, 4.0]], 0, None, 2, axis=1)
    array([[1., 3.]], dtype=float32)
    >>> slice([1.0, 2.0, 3.0], step=-1)
    array([3., 2., 1.], dtype=float32)
    """
    rank = _ndim(x)
    where = where_of("slice")
    axes = wholes(where, "axis", axis)
    limits = {"start": start, "stop": stop, "step": step}
    for argument, given in limits.items():
        if isinstance(given, list | tuple) and len(given) != len(axes):
            raise ValueError(
                f"{where}: {argument} must be one, or {len(axes)} as axis has, got {given!r}"
            )
    starts, stops, steps = [0] * rank, [_END] * rank, [1] * rank
    for i, a in enumerate(axes):
        if not -rank <= a < rank:
            raise ValueError(
                f"{where}: axis must be between {-rank} and {rank - 1} because x has {rank} axes, "
                f"got {a}"
            )
        first, last, by = (
            None if v is None else whole(where, argument, v)
            for argument, given in limits.items()
            for v in [given[i] if isinstance(given, list | tuple) else given]
        )
        steps[a] = 1 if by is None else by
        starts[a] = (0 if steps[a] > 0 else _END) if first is None else first
        stops[a] = _END if last is None else last
    return call("slice", x, start=tuple(starts), stop=tuple(stops), step=tuple(steps))


PAD_MODES = ("constant", "reflect", "replicate", "circular")


def pad(x: Any, pad: Sequence[int], value: float = 0.0, mode: str = "constant") -> Any:
    """A border around ``x``: a constant ``value``, or what is inside of it.

    Parameters
    ----------
    x : float array or Tensor, any shape
    pad : sequence of int, >= 0
        Elements before and after the last axis, then the axis before it, and so on (PyTorch's
        order).
    value : float
        What a constant border holds.
    mode : str
        "constant"; "reflect" mirrors ``x`` at its ends, "replicate" repeats the ends, "circular"
        goes on at the other end.

    Returns
    -------
    y : array or Tensor

    Raises
    ------
    ValueError
        If ``pad`` has an odd number of lengths or more than ``x`` has ends, one is negative or
        wider than what is to be mirrored or repeated, or the mode is unknown.

    Source
    ------
    LeCun et al., Gradient-based learning applied to document recognition, Proc. IEEE 86 (1998).

    Examples
    --------
    >>> pad([[1.0, 2.0]], (1, 0, 0, 1))
    array([[0., 1., 2.],
           [0., 0., 0.]], dtype=float32)
    """
    lengths, number, index = border(where_of("pad"), pad, value, mode)
    return call("pad", x, pad=lengths, value=number, mode=index)


def border(where: str, pad: Any, value: Any, mode: Any) -> tuple[tuple[int, ...], float, int]:
    """The arguments of `pad` as the core takes them; it checks what depends on ``x``."""
    if not is_one_of(mode, PAD_MODES):
        raise ValueError(f"{where}: mode must be one of {', '.join(PAD_MODES)}, got {mode!r}")
    return wholes(where, "pad", pad), real(where, "value", value), PAD_MODES.index(mode)


def broadcast_to(x: Any, shape: Lengths) -> Any:
    """``x`` repeated to a larger shape by NumPy's rules.

    Parameters
    ----------
    x : float array or Tensor, any shape
    shape : int, or sequence of int and None
        Axis lengths; None or -1 keeps that axis of ``x``.

    Returns
    -------
    y : array or Tensor, shape ``shape``

    Raises
    ------
    ValueError
        If ``x`` does not broadcast to ``shape``.

    Source
    ------
    Harris et al., Array programming with NumPy, Nature 585 (2020).

    Examples
    --------
    >>> broadcast_to([1.0, 2.0], (2, 2))
    array([[1., 2.],
           [1., 2.]], dtype=float32)
    """
    return call("broadcast_to", x, shape=wholes(where_of("broadcast_to"), "shape", shape, none=-1))


def embedding(x: Any, w: Any) -> Any:
    """Rows of ``w`` by number: ``y[..., :] = w[x[...], :]``.

    Parameters
    ----------
    x : int array or Tensor, any shape
        Row numbers in [0, K); another gives a row of NaN and no gradient.
    w : float array or Tensor, shape (K, D)
        One row for each word.

    Returns
    -------
    y : array or Tensor, shape of ``x`` and then (D,)

    Raises
    ------
    TypeError
        If ``x`` does not hold integers.

    Source
    ------
    Bengio et al., A neural probabilistic language model, Journal of Machine Learning Research 3
    (2003).

    Examples
    --------
    >>> embedding([2, 0], [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    array([[5., 6.],
           [1., 2.]], dtype=float32)
    """
    return call("embedding", x, w, integers=(0,))


def gather(x: Any, dim: int, index: Any) -> Any:
    """Elements by position along an axis, ``y[i][j][k] = x[i][index[i][j][k]][k]`` for ``dim=1``.

    Parameters
    ----------
    x : float array or Tensor, at least 1 axis
    dim : int
        The axis.
    index : int array or Tensor, shape of ``x`` but for ``dim``
        Positions in [0, length of the axis); another gives NaN and no gradient.

    Returns
    -------
    y : array or Tensor, shape of ``index``

    Raises
    ------
    ValueError
        If the axis does not exist or the shapes do not fit.

    Source
    ------
    Iverson, A Programming Language, Wiley (1962).

    Examples
    --------
    >>> gather([[1.0, 2.0], [3.0, 4.0]], 1, [[1], [0]])
    array([[2.],
           [3.]], dtype=float32)
    """
    return call("gather", x, index, integers=(1,), dim=whole(where_of("gather"), "dim", dim))
