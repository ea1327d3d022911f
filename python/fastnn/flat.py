"""Flat vectors and the views into them that are a model's parameters and states."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from fastnn import _core
from fastnn.nn.init import fill
from fastnn.ops.tensor import Leaf, as_array

Array = NDArray[Any]

# Large arrays of NumPy begin 16 bytes behind the beginning of a cache line, so that every second
# vector that a kernel loads lies in two lines. One row through dense weights of 236 MB, one core of
# an AMD EPYC, medians in turn: 16.5 GB/s there, 19.9 from the beginning of a line.
CACHE_LINE = 64  # bytes
MOST = 2**47  # elements, less than which an array must have in the core


class Views(dict[str, Array]):
    """Arrays by name that are parts of one vector: to set one is to write into it.

    A copy, by `copy` or pickle, is a plain dict.

    Raises
    ------
    ValueError
        If a name is unknown, or the values have another shape.
    TypeError
        If one is to be taken out: the vector has all of them.

    Examples
    --------
    >>> vector = zeros(3, "float32")
    >>> views = Views(weight=vector[:2], bias=vector[2:])
    >>> views["bias"] = [5.0]
    >>> views.update(weight=[1.0, 2.0])
    >>> vector
    array([1., 2., 5.], dtype=float32)
    """

    def __setitem__(self, name: str, values: Any) -> None:
        if name not in self:
            known = ", ".join(self)
            raise ValueError(f"Model: arrays must be set by name, one of {known}, got {name!r}")
        array = as_array(values, "Model", name)
        if array.shape != self[name].shape:
            raise ValueError(f"Model: {name} must have shape {self[name].shape}, got {array.shape}")
        self[name][...] = array

    def update(self, *given: Any, **named: Any) -> None:
        for name, values in dict(*given, **named).items():
            self[name] = values

    def __ior__(self, other: Any) -> Views:  # type: ignore[misc, override]
        self.update(other)
        return self

    def _stays(self, *_: Any) -> NoReturn:
        """Refused: the vector has all of them and no room for others."""
        raise TypeError(
            "Model: arrays must stay those that its layers made, got a call to take one out or put "
            "one in; make a copy, dict(model.parameters)"
        )

    __delitem__ = pop = popitem = clear = setdefault = _stays

    def __reduce__(self) -> Any:
        return dict, (dict(self),)


def zeros(size: int, dtype: Any) -> Array:
    """A vector of zeros that begins with a cache line.

    Examples
    --------
    >>> vector = zeros(3, "float32")
    >>> vector, vector.ctypes.data % CACHE_LINE
    (array([0., 0., 0.], dtype=float32), 0)
    """
    bytes_ = size * np.dtype(dtype).itemsize
    room = np.zeros(bytes_ + CACHE_LINE, np.uint8)
    first = -room.ctypes.data % CACHE_LINE
    return room[first : first + bytes_].view(dtype)


def _room(shapes: Mapping[str, tuple[int, ...]], dtype: Any) -> Array:
    """The vector for all of them; an error that names the largest where memory has none."""
    sizes = {name: math.prod(shape) for name, shape in shapes.items()}
    try:
        if max(sizes.values(), default=0) < MOST:
            return zeros(sum(sizes.values()), dtype)
    except MemoryError:
        pass
    largest = max(sizes, key=sizes.__getitem__)
    raise MemoryError(
        f"Model: parameters must fit into memory, got {sum(sizes.values()):,} of them, most in "
        f"{largest} of shape {shapes[largest]}; make that layer smaller"
    )


def initial(
    leaves: Sequence[Leaf], owners: Mapping[int, Any], dtype: Any, seed: int, stream: int
) -> tuple[Array, Views]:
    """One vector of all leaves, each filled by its initialiser, and its views by name.

    Parameters
    ----------
    leaves : sequence of Parameter or State
    owners : dict of int to Layer
        By the leaf's identity; the layer's name begins the view's.
    dtype : str
    seed, stream : int
        Leaf i draws its values from stream ``stream + i``.
    """
    names: list[str] = []
    for i, t in enumerate(leaves):
        layer = owners.get(id(t))
        name = f"{layer.name}.{t.name}" if layer is not None else t.name
        names.append(f"{name}{i}" if name in names else name)
    vector = _room({name: t.shape for name, t in zip(names, leaves, strict=True)}, dtype)
    views: dict[str, Array] = {}
    at = 0
    for i, (name, t) in enumerate(zip(names, leaves, strict=True)):
        layer = owners.get(id(t))
        size = math.prod(t.shape)
        views[name] = vector[at : at + size].reshape(t.shape)
        at += size
        fill(
            views[name],
            t.init,
            partial(_core.random_uniform, seed, stream + i, 0),
            partial(_core.random_normal, seed, stream + i, 1),
            layer.where if layer is not None else t.name,
        )
    return vector, Views(views)
