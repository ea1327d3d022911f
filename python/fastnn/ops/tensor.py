"""Symbolic tensors: what layers and ops are called on when a model is described."""

from __future__ import annotations

import copy
import itertools
import operator
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fastnn import _core
from fastnn._arrays import detached
from fastnn.ops.attributes import whole

Shape = tuple["int | None", ...]


def shape_text(shape: Shape) -> str:
    """A shape as errors print it: ``(N, 3, 28)``."""
    dims = ", ".join("N" if d is None else str(d) for d in shape)
    return f"({dims},)" if len(shape) == 1 else f"({dims})"


class Tensor:
    """An array that a model will compute, known so far by its shape and dtype.

    Tensors come from ``fnn.Input`` and from calling layers and ops on other tensors; arithmetic
    operators work on them. ``None`` in a shape is the batch size.

    Attributes
    ----------
    shape : tuple of int or None
        Axis lengths; None (printed ``N``) is the batch size.
    dtype : str
        "float32", "float64", "int64" or "uint8".
    name : str
        What summaries and errors call it.

    Examples
    --------
    >>> import fastnn as fnn
    >>> x = fnn.Input((3,), name="x")
    >>> fnn.ops.sigmoid(x)
    Tensor(sigmoid, shape=(N, 3), dtype=float32)
    """

    __array_ufunc__ = None  # NumPy must leave `array + tensor` to us
    __iter__ = None  # indexing alone would make Python think that it can walk along the batch

    def __init__(
        self, shape: Shape, dtype: str, name: str, node: Node | None = None, index: int = 0
    ) -> None:
        self.shape = shape
        self.dtype = dtype
        self.name = name
        self.node = node
        self.index = index

    def __array_function__(self, function: Any, *_: Any) -> Any:
        if function in (np.shape, np.ndim):
            return getattr(self, function.__name__)
        raise TypeError(
            f"numpy.{function.__name__}: operands must be arrays, got {self!r}, whose numbers are "
            "not known yet; use what fastnn.ops has instead"
        )

    @property
    def ndim(self) -> int:
        """Number of axes, the batch included."""
        return len(self.shape)

    def __repr__(self) -> str:
        return f"Tensor({self.name}, shape={shape_text(self.shape)}, dtype={self.dtype})"

    def __bool__(self) -> bool:
        raise TypeError(
            "Tensor: a condition must be a value known when the model is described, "
            "got a symbolic tensor; use ops.where or compute it outside"
        )

    def __add__(self, other: Any) -> Any:
        return call("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return call("add", other, self)

    def __sub__(self, other: Any) -> Any:
        return call("subtract", self, other)

    def __rsub__(self, other: Any) -> Any:
        return call("subtract", other, self)

    def __mul__(self, other: Any) -> Any:
        return call("multiply", self, other)

    def __rmul__(self, other: Any) -> Any:
        return call("multiply", other, self)

    def __truediv__(self, other: Any) -> Any:
        return call("divide", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return call("divide", other, self)

    def __pow__(self, other: Any) -> Any:
        return call("power", self, other)

    def __rpow__(self, other: Any) -> Any:
        return call("power", other, self)

    def __matmul__(self, other: Any) -> Any:
        return call("matmul", self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return call("matmul", other, self)

    def __neg__(self) -> Any:
        return call("negative", self)

    def __abs__(self) -> Any:
        return call("abs", self)

    def _not_compared(self, other: Any) -> Any:
        raise TypeError(
            f"Tensor: values must be known to be compared, got {self!r} and {other!r}; compare "
            "arrays and give the model the result as an input or a target, or use `is`"
        )

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _not_compared
    __hash__ = object.__hash__

    def __getitem__(self, key: Any) -> Any:
        """Slices and integers, one for each axis from the first: ``x[:, -1]``, ``x[:, ::2]``."""
        given = key if isinstance(key, tuple) else (key,)
        if len(given) > self.ndim or not all(_is_index(k) for k in given):
            raise TypeError(
                f"{self.name}: index must hold at most {self.ndim} integers or slices, got {key!r}"
            )
        keys = tuple(k if isinstance(k, slice) else operator.index(k) for k in given)
        keys += (slice(None),) * (self.ndim - len(keys))
        ranges = [_range(self, axis, k) for axis, k in enumerate(keys)]
        start, stop, step = (tuple(r[i] for r in ranges) for i in range(3))
        y = call("slice", self, start=start, stop=stop, step=step)
        kept = [d for d, k in zip(y.shape, keys, strict=True) if isinstance(k, slice)]
        if len(kept) == self.ndim:
            return y
        return call("reshape", y, shape=tuple(-2 if d is None else d for d in kept))


def _is_index(key: Any) -> bool:
    """Whether it is a slice or an integer, of NumPy too; True and False choose no element."""
    return isinstance(key, slice | int | np.integer) and not isinstance(key, bool)


def _range(x: Tensor, axis: int, key: int | slice) -> tuple[int, int, int]:
    """Start, stop and step of op slice; 2**63 - 1 is the end, whichever the direction."""
    end = 2**63 - 1
    if isinstance(key, slice):
        step = 1 if key.step is None else whole(x.name, "index", key.step)
        first = 0 if step > 0 else end
        return (
            first if key.start is None else whole(x.name, "index", key.start),
            end if key.stop is None else whole(x.name, "index", key.stop),
            step,
        )
    n = x.shape[axis]
    if n is None:
        raise ValueError(f"{x.name}: the batch must be taken whole, got index {key}; write x[:, i]")
    if not -n <= key < n:
        raise ValueError(f"{x.name}: index must be between {-n} and {n - 1}, got {key}")
    return key % n, key % n + 1, 1


class Leaf(Tensor):
    """An array that belongs to one model: a part of its vector of parameters, or of states."""

    shape: tuple[int, ...]

    def __init__(self, shape: tuple[int, ...], name: str, init: Any) -> None:
        super().__init__(shape, "float32", name)
        self.init = init  # name, number, array or callable, see fastnn.nn.init
        self.owner: weakref.ref[Any] | None = None  # set by the model; a copy belongs to nobody
        # What made it, which need not be what computes with it.
        self.maker: Any = None

    @property
    def is_frozen(self) -> bool:
        """Whether the layer that made it keeps it as it is."""
        return getattr(self.maker, "is_frozen", False)


class Parameter(Leaf):
    """A learned array: a leaf of the graph that the optimiser updates."""

    def __init__(self, shape: tuple[int, ...], name: str, init: Any, weight: bool) -> None:
        super().__init__(shape, name, init)
        self.weight = weight  # a weight is penalised by l1, l2 and max-norm, a bias is not

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        new = Parameter(self.shape, self.name, copy.deepcopy(self.init, memo), self.weight)
        new.maker = memo.get(id(self.maker))  # of a layer that is copied the copy
        return new


class State(Leaf):
    """An array carried from step to step, changed by training but not by the optimiser.

    The layer that owns it sets ``update`` to the tensor that replaces it after each training step.
    """

    def __init__(self, shape: tuple[int, ...], name: str, init: Any) -> None:
        super().__init__(shape, name, init)
        self.update: Tensor | None = None

    def __deepcopy__(self, memo: dict[int, Any]) -> State:
        new = State(self.shape, self.name, copy.deepcopy(self.init, memo))
        new.maker = memo.get(id(self.maker))
        return new


class Constant(Tensor):
    """An array that is part of the model's description.

    Real values are kept as they were given, in float32 or float64, whatever the float type of the
    models that will read them.
    """

    def __init__(self, value: NDArray[Any]) -> None:
        real = value.dtype.kind == "f"
        super().__init__(value.shape, "float32" if real else str(value.dtype), "constant")
        self.value = value


_numbers = itertools.count()


class Node:
    """One use of an op: its inputs, attributes, outputs and the layer it belongs to."""

    def __init__(self, op: str, inputs: tuple[Tensor, ...], attrs: dict[str, Any]) -> None:
        layer = current_layer.get()
        self.op = op
        self.inputs = inputs
        self.attrs = attrs
        self.layer = layer
        self.number = next(_numbers)  # of its call
        self.callers = _scopes.get()[:-1]  # whose forward called that layer, outermost first
        self.function: Any = None  # of op "python": the core's Function, and its name in files
        self.function_name = ""
        outputs, self.flops = _core.infer(
            op,
            layer.where if layer else op,
            [t.shape for t in inputs],
            [t.dtype for t in inputs],
            attrs,
        )
        self.outputs = tuple(
            Tensor(shape, dtype, op, self, i) for i, (shape, dtype) in enumerate(outputs)
        )


class Scope(Protocol):
    """What a node knows of the layer it was made in."""

    @property
    def where(self) -> str: ...


# The layer being called: nodes made meanwhile belong to it.
current_layer: ContextVar[Scope | None] = ContextVar("current_layer", default=None)
_scopes: ContextVar[tuple[Scope, ...]] = ContextVar("_scopes", default=())  # and those around it


@contextmanager
def in_layer(layer: Scope) -> Iterator[None]:
    """Nodes made inside the block belong to ``layer``."""
    token, outer = current_layer.set(layer), _scopes.set((*_scopes.get(), layer))
    try:
        yield
    finally:
        current_layer.reset(token)
        _scopes.reset(outer)


def where_of(op: str) -> str:
    """Head of an error's text: the layer being called, else the op."""
    scope = current_layer.get()
    return scope.where if scope else op


def call(op: str, *inputs: Any, integers: tuple[int, ...] = (), **attrs: Any) -> Any:
    """Apply an op: to arrays at once, to symbolic tensors by adding a node.

    Parameters
    ----------
    op : str
        Name in ``ops.def``.
    inputs : arrays or Tensors
        Operands; anything ``numpy.asarray`` takes is an array. Real operands become float32, or
        float64 where one of them is a float64 array.
    integers : tuple of int
        Positions of operands that hold integers (labels, indices).
    attrs
        The op's attributes; None means the op's default.

    Returns
    -------
    array or Tensor, or a tuple of them where the op has several outputs.
    """
    attrs = {k: v for k, v in attrs.items() if v is not None}
    if any(isinstance(x, Tensor) for x in inputs):
        dtype = next(
            (x.dtype for i, x in enumerate(inputs) if isinstance(x, Tensor) and i not in integers),
            "float32",
        )
        tensors = tuple(
            x if isinstance(x, Tensor) else constant(op, x, "int64" if i in integers else dtype)
            for i, x in enumerate(inputs)
        )
        outputs: tuple[Any, ...] = Node(op, tensors, attrs).outputs
    else:
        outputs = _core.call(op, arrays_of(op, inputs, integers), attrs)
    return outputs[0] if len(outputs) == 1 else outputs


def vjp(op: str, *inputs: Any, dy: Any, integers: tuple[int, ...] = (), **attrs: Any) -> Any:
    """Gradients of ``sum(dy * op(*inputs))`` for each input, by the op's own backward kernel.

    Parameters
    ----------
    op : str
        Name of the op, for example ``"sigmoid"``.
    inputs : arrays
        Its operands.
    dy : array, or list of arrays and None for an op with several outputs
        Gradient of a cost for the output(s).
    integers, attrs
        As in the op's function.

    Returns
    -------
    tuple of arrays (None for integer operands)

    Raises
    ------
    ValueError
        If there is not a gradient for each output; all but one may be None, which stands for zeros.

    Examples
    --------
    >>> import fastnn as fnn
    >>> fnn.ops.vjp("sigmoid", [0.0], dy=[1.0])
    (array([0.25], dtype=float32),)
    """
    if not isinstance(op, str):
        raise TypeError(f"vjp: op must be the name of an op, got {op!r}")
    attrs = {k: v for k, v in attrs.items() if v is not None}
    arrays = arrays_of(op, inputs, integers)
    real = next((a.dtype for i, a in enumerate(arrays) if i not in integers), np.dtype("f4"))
    grads = dy if isinstance(dy, list) and any(g is None or np.ndim(g) for g in dy) else [dy]
    grads = [None if g is None else _array(op, g, str(real)) for g in grads]
    return _core.vjp(op, arrays, attrs, grads)


def arrays_of(op: str, inputs: tuple[Any, ...], integers: tuple[int, ...]) -> list[NDArray[Any]]:
    """The operands as contiguous arrays of the dtypes the core knows."""
    given = [as_array(x, op, "array") for x in inputs]
    wide = any(
        isinstance(x, np.ndarray | np.generic) and a.dtype.kind == "f" and a.dtype.itemsize > 4
        for x, a in zip(inputs, given, strict=True)
    )
    real = "float64" if wide else "float32"
    return [_array(op, a, "int64" if i in integers else real) for i, a in enumerate(given)]


def as_array(x: Any, where: str, argument: str) -> NDArray[Any]:
    """What ``numpy.asarray`` makes of an argument, which must be real numbers."""
    x = detached(x, where, argument)
    try:
        array = np.asarray(x)
    except ValueError:
        raise ValueError(
            f"{where}: {argument} must have rows of one length, got rows of several"
        ) from None
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{where}: {argument} must hold real numbers, got dtype {array.dtype}")
    return array


def constant(op: str, x: Any, dtype: str = "float32") -> Constant:
    """An operand of a symbolic op; real numbers that are not float32 keep float64's digits."""
    if not dtype.startswith("float"):
        return Constant(_array(op, x, dtype))
    array = as_array(x, op, "array")
    narrow = array.dtype.kind == "f" and array.dtype.itemsize <= 4
    return Constant(_array(op, array, "float32" if narrow else "float64"))


def _array(op: str, x: Any, dtype: str) -> NDArray[Any]:
    array = as_array(x, op, "array")
    if dtype == "int64" and array.dtype.kind == "f":
        raise TypeError(f"{op}: labels or indices must be integers, got dtype {array.dtype}")
    return np.asarray(array, dtype=dtype, order="C")
