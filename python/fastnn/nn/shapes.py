"""Layers that change shapes or join tensors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from fastnn import ops
from fastnn.nn.layer import Layer
from fastnn.ops.attributes import whole, wholes
from fastnn.ops.shapes import border
from fastnn.ops.tensor import Tensor


class Flatten(Layer):
    """All axes but the batch made one: (N, ...) to (N, D).

    Parameters
    ----------
    name : str, optional
        What summaries, errors and parameter names call it; by default its class and number.

    Examples
    --------
    >>> import fastnn as fnn
    >>> fnn.nn.Flatten()(fnn.Input((1, 28, 28))).shape
    (None, 784)
    """

    def forward(self, x: Tensor) -> Any:
        return ops.reshape(x, (-1, math.prod(d for d in x.shape[1:] if d is not None)))


class Reshape(Layer):
    """Another shape for each sample.

    Parameters
    ----------
    shape : tuple of int
        New shape without the batch; one axis may be -1.
    name : str, optional
        What summaries, errors and parameter names call it; by default its class and number.

    Raises
    ------
    TypeError
        If ``shape`` does not hold integers.
    ValueError
        When called, if ``shape`` has another number of elements than the input.

    Examples
    --------
    >>> import fastnn as fnn
    >>> fnn.nn.Reshape((1, 8, -1))(fnn.Input((64,))).shape
    (None, 1, 8, 8)
    """

    def __init__(self, shape: tuple[int, ...], name: str | None = None) -> None:
        super().__init__(name)
        self.shape = wholes(self.where, "shape", shape)

    def config(self) -> dict[str, Any]:
        return {"shape": self.shape}

    def forward(self, x: Tensor) -> Any:
        size = math.prod(d for d in x.shape[1:] if d is not None)
        known = math.prod(d for d in self.shape if d != -1)
        unknown = sum(d == -1 for d in self.shape)
        if unknown > 1 or any(d < -1 for d in self.shape):
            raise ValueError(
                f"{self.where}: shape must hold sizes >= 0 and at most one -1, got {self.shape}"
            )
        if (size % known if unknown and known else size != known) or (unknown and not known):
            raise ValueError(
                f"{self.where}: shape must hold {size} elements as the input {x!r} does, "
                f"got {self.shape}"
            )
        dims = tuple(size // known if d == -1 else d for d in self.shape)
        return ops.reshape(x, (-1, *dims))


class Concatenate(Layer):
    """Tensors side by side along an axis (not the batch).

    Parameters
    ----------
    axis : int
        1 is the first after the batch; -1 the last.
    name : str, optional
        What summaries, errors and parameter names call it; by default its class and number.

    Raises
    ------
    TypeError
        If ``axis`` is not an integer.
    ValueError
        When called, if the other axes differ, or ``axis`` is the batch or does not exist.

    Examples
    --------
    >>> import fastnn as fnn
    >>> fnn.nn.Concatenate()(fnn.Input((2,)), fnn.Input((3,))).shape
    (None, 5)
    """

    def __init__(self, axis: int = 1, name: str | None = None) -> None:
        super().__init__(name)
        self.axis = whole(self.where, "axis", axis)

    def config(self) -> dict[str, Any]:
        return {"axis": self.axis}

    def forward(self, *inputs: Tensor) -> Any:
        return ops.concatenate(inputs, axis=self.axis)


class Pad(Layer):
    """A border around each sample: a constant ``value``, or what is inside of it.

    Parameters
    ----------
    pad : sequence of int, >= 0
        Elements before and after the last axis, then the axis before it, and so on (PyTorch's
        order).
    mode : str
        "constant"; "reflect" mirrors the input at its ends, "replicate" repeats the ends,
        "circular" goes on at the other end.
    value : float
        What a constant border holds.
    name : str, optional
        What summaries, errors and parameter names call it; by default its class and number.

    Raises
    ------
    ValueError
        If ``pad`` has an odd number of lengths, one is negative, or the mode is unknown; when
        called, if it has more than the input has ends, reaches the batch, or is wider than what is
        to be mirrored or repeated.
    TypeError
        If ``pad`` does not hold integers, or ``value`` is not a number.

    Source
    ------
    As of `fastnn.ops.pad`.

    Examples
    --------
    >>> import fastnn as fnn
    >>> model = fnn.Model([fnn.nn.Pad((2, 1), mode="reflect")], input_shape=(3,))
    >>> model.predict([[1.0, 2.0, 3.0]])
    array([[3., 2., 1., 2., 3., 2.]], dtype=float32)
    """

    def __init__(
        self,
        pad: Sequence[int],
        mode: str = "constant",
        value: float = 0.0,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        lengths, *_ = border(self.where, pad, value, mode)
        if len(lengths) % 2:
            raise ValueError(
                f"{self.where}: pad must hold 2 numbers for each axis, got {len(lengths)} numbers"
            )
        if min(lengths, default=0) < 0:
            raise ValueError(f"{self.where}: pad must hold numbers >= 0, got {min(lengths)}")
        self.pad = lengths
        self.mode = mode
        self.value = value

    def config(self) -> dict[str, Any]:
        return {"pad": self.pad, "mode": self.mode, "value": self.value}

    def forward(self, x: Tensor) -> Any:
        return ops.pad(x, self.pad, self.value, self.mode)


class Add(Layer):
    """Sum of tensors of one shape, as at the end of a residual block.

    Parameters
    ----------
    name : str, optional
        What summaries, errors and parameter names call it; by default its class and number.

    Raises
    ------
    ValueError
        When called, if the shapes do not broadcast.

    Examples
    --------
    >>> import fastnn as fnn
    >>> a = fnn.Input((2,))
    >>> fnn.nn.Add()(a, a).shape
    (None, 2)
    """

    def forward(self, *inputs: Tensor) -> Any:
        total: Any = inputs[0]
        for x in inputs[1:]:
            total = total + x
        return total
