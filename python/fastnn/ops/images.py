"""Images: users see (N, C, H, W), kernels compute with a pixel's channels side by side."""

from __future__ import annotations

from typing import Any

from fastnn.ops.tensor import Tensor, as_array, call, current_layer

__all__ = ["channels_first", "channels_last"]

_AXES = {3: ("N", "C", "L"), 4: ("N", "C", "H", "W")}


def channels_last(x: Any) -> Any:
    """(N, C, H, W) as (N, H, W, C), the order that image kernels compute in.

    Image ops do this by themselves; inside a model neighbouring conversions cancel.

    Parameters
    ----------
    x : array or Tensor, shape (N, C, ...)

    Returns
    -------
    y : array or Tensor, shape (N, ..., C)

    Raises
    ------
    ValueError
        If ``x`` has less than 2 axes.

    Source
    ------
    Vasudevan, Anderson and Gregg, Parallel multi channel convolution using general matrix
    multiplication, ASAP (2017).

    Examples
    --------
    >>> channels_last([[[[1.0, 2.0]], [[3.0, 4.0]]]])
    array([[[[1., 3.],
             [2., 4.]]]], dtype=float32)
    """
    return call("channels_last", x)


def channels_first(x: Any) -> Any:
    """(N, H, W, C) as (N, C, H, W), the order that users see.

    Parameters
    ----------
    x : array or Tensor, shape (N, ..., C)

    Returns
    -------
    y : array or Tensor, shape (N, C, ...)

    Raises
    ------
    ValueError
        If ``x`` has less than 2 axes.

    Source
    ------
    As `channels_last`.

    Examples
    --------
    >>> channels_first([[[[1.0, 3.0], [2.0, 4.0]]]])
    array([[[[1., 2.]],
    <BLANKLINE>
            [[3., 4.]]]], dtype=float32)
    """
    return call("channels_first", x)


def on_pixels(op: str, x: Any, *operands: Any, rank: int = 4, **attrs: Any) -> Any:
    """An op that computes with channels last, for a user's images: ``x``, and the (first) output.

    ``rank`` is how many axes ``x`` must have, ``operands`` and ``attrs`` as in `call`.
    """
    first, *others = as_tuple(call(op, pixels(op, x, rank), *operands, **attrs))
    y = call("channels_first", first)
    return (y, *others) if others else y


def pixels(op: str, x: Any, rank: int = 4) -> Any:
    """A user's images with their channels last, once they have the right number of axes."""
    shape_of(op, "x", x, _AXES[rank])
    return call("channels_last", x)


def shape_of(op: str, argument: str, x: Any, axes: tuple[str, ...]) -> tuple[Any, ...]:
    """The shape of an operand, which must have these axes; a batch that is not known is None."""
    shape = x.shape if isinstance(x, Tensor) else as_array(x, op, argument).shape
    if len(shape) != len(axes):
        scope = current_layer.get()
        got = ", ".join("N" if n is None else str(n) for n in shape)
        raise ValueError(
            f"{scope.where if scope else op}: {argument} must have shape ({', '.join(axes)}), got "
            f"({got}{',' * (len(shape) == 1)})"
            + ("; use Reshape before it" if axes[0] == "N" else "")
        )
    return shape


def as_tuple(outputs: Any) -> tuple[Any, ...]:
    """What `call` returns, as a tuple however many outputs the op has."""
    return outputs if isinstance(outputs, tuple) else (outputs,)
