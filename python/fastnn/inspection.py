"""What is computed inside a network, by name, and how a class' score depends on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fastnn import _core, feeds, ops
from fastnn.data import Dataset
from fastnn.graph import Built, Structure
from fastnn.losses import ENDINGS
from fastnn.ops.tensor import Node, Parameter, Tensor, as_array

if TYPE_CHECKING:
    from fastnn.model import Model


class Quantity(NamedTuple):
    """One value of a forward run and a gradient for it (None where none was needed)."""

    value: Any
    grad: Any


def by_name(model: Model, structure: Structure, others: Sequence[Tensor] = ()) -> dict[str, Tensor]:
    """The tensors of a structure that a model is part of: inputs, parameters, then op after op.

    Parameters
    ----------
    model : Model
    structure : Structure
        Of the model's outputs and what is computed from them.
    others : sequence of Tensor
        Leaves that are not the model's.

    Returns
    -------
    dict of str to Tensor
        Named "image", "conv1.weight", "conv1.relu" (the op of a layer), "add" (outside layers);
        further ones of the same name are numbered: "add_2", "add_3".
    """
    named: dict[str, Tensor] = {t.name: t for t in [*model.inputs, *others]}
    named |= dict(zip(model.parameters, model.structure.parameters, strict=True))
    counts: dict[str, int] = {}
    for node in structure.nodes:
        layer = getattr(node.layer, "name", None)
        base = f"{layer}.{node.op}" if layer else node.op
        for t in node.outputs:
            name = base
            while name in named:
                counts[base] = counts.get(base, 1) + 1
                name = f"{base}_{counts[base]}"
            named[name] = t
    return named


def inspect_scores(model: Model, x: Any, labels: Any) -> dict[str, Quantity]:
    """Values and gradients of the scores; see ``Model.inspect``."""
    where = "Model.inspect"
    if isinstance(x, Dataset):
        x = x.gather(np.arange(len(x)), model.dtype)[0]
    fed, rows, _ = feeds.of(model.inputs, model.dtype, x, where)
    if not rows:
        raise ValueError(f"{where}: x must have at least 1 row, got 0")
    output = model.outputs[0]
    if output.ndim != 2:
        raise ValueError(
            f"{where}: model must give a number for each class, (N, K), got {output!r} first"
        )
    if labels is None:
        predicted = model.predict(x)
        labels = (predicted if model.one_output else predicted[0]).argmax(axis=1)
    chosen = Tensor(output.shape, "float32", "chosen")
    total = ops.sum(scores_of(output) * chosen)
    structure = Structure([*model.outputs, total], model.structure.updates)
    built = Built(structure, model.dtype, [*model.inputs, *model.structure.owned])
    one_hot = _one_hot(labels, rows, int(output.shape[1] or 0), where).astype(model.dtype)
    inputs = built.feeds([*model.inputs, chosen], [*fed, (one_hot, 1.0, 0.0)])
    values = _core.inspect(
        built.core, [built[t] for t in model.outputs], built[total], model.theta,
        model.state_vector, inputs, rows, False, model.seed, 0, True, "float32",
    )  # fmt: skip
    named = by_name(model, model.structure)
    return {name: Quantity(*values[built[t]]) for name, t in named.items() if built[t] in values}


def value_of(model: Model, tensor: Tensor, x: Any, where: str) -> Any:
    """One value inside a model for given inputs, by a forward run: the model may end in anything.

    Parameters
    ----------
    model : Model
    tensor : Tensor
        That the model computes.
    x : as for ``Model.predict``
    where : str
        Head of error texts.

    Returns
    -------
    array, shape (N, ...)

    Raises
    ------
    ValueError, TypeError
        If ``x`` does not fit the model.

    Examples
    --------
    >>> import fastnn as fnn
    >>> x = fnn.Input((2,))
    >>> half = x * 0.5
    >>> value_of(fnn.Model(x, half + 1.0), half, [[2.0, 4.0]], "look").tolist()
    [[1.0, 2.0]]
    """
    fed, rows, order = feeds.of(model.inputs, model.dtype, x, where)
    leaves = [*model.inputs, *model.structure.owned]
    built = Built(Structure([tensor], model.structure.updates), model.dtype, leaves)
    run = _core.Inference(built.core, [built[tensor]], model.theta, model.state_vector).run
    return run(built.feeds(model.inputs, fed), order, rows, max(rows, 1))[0]


def scores_of(output: Tensor) -> Tensor:
    """The classes' scores: what goes into a softmax or sigmoid at the end, else the output."""
    node = output.node
    return node.inputs[0] if node is not None and node.op in ENDINGS.values() else output


def _one_hot(labels: Any, rows: int, classes: int, where: str) -> Any:
    given = as_array(labels, where, "labels")
    array = np.full(rows, given) if given.ndim == 0 else given
    fits = array.dtype.kind in "iu" and array.shape == (rows,)
    if not fits or array.min() < 0 or array.max() >= classes:
        raise ValueError(
            f"{where}: labels must be {rows} integers in [0, {classes}), one for each row of x, or "
            f"one for all, got {labels!r}"
        )
    return np.eye(classes)[array]


def feature_map(model: Model, layer: str | None, where: str) -> tuple[str, Tensor]:
    """A layer's last value (N, C, H, W), and its name in ``Model.inspect``.

    Parameters
    ----------
    model : Model
    layer : str, optional
        A layer's name, or a name of ``Model.inspect``; by default what is left of the last
        convolution before the image is pooled away.
    where : str
        Head of error texts.

    Returns
    -------
    name : str
    tensor : Tensor

    Raises
    ------
    ValueError
        If there is no such layer, or it gives no images.
    """
    named = by_name(model, model.structure)
    named = {name: t for name, t in named.items() if t.node is not None}
    maps = [name for name, t in named.items() if _is_map(t)]
    if layer is None:
        found = [name for name in maps if not _is_pooled(named[name])]
    else:
        found = [name for name in maps if layer in (name, name.rpartition(".")[0])]
    if not found:
        known = dict.fromkeys(name.rpartition(".")[0] or name for name in maps)
        raise ValueError(
            f"{where}: layer must be one that gives images (N, C, H, W), of "
            f"{', '.join(known) or 'which the model has none'}, got {layer!r}"
        )
    return found[-1], named[found[-1]]


def places(t: Tensor) -> tuple[tuple[float, float], ...] | None:
    """Where in the image the places of a feature map are: the middle of what each sees.

    Parameters
    ----------
    t : Tensor, shape (N, C, H, W)

    Returns
    -------
    ((float, float), (float, float)), or None
        For rows and columns the image's coordinate of the first place, and the step between
        neighbours. None where other ops than convolution, pooling and those that keep H and W are
        on the way.

    Examples
    --------
    >>> import fastnn as fnn
    >>> x = fnn.Input((1, 28, 28))
    >>> places(fnn.nn.MaxPool2d(2)(fnn.nn.Conv2d(6, 5)(x)))
    ((2.5, 2.0), (2.5, 2.0))
    """
    path = []
    while t.node is not None:
        path.append((t.node, t))
        images = [x for x in t.node.inputs if x.ndim == 4 and not isinstance(x, Parameter)]
        if not images:
            return None
        t = images[0]
    axes = []
    for axis in (0, 1):
        first, step = 0.0, 1.0
        for node, y in reversed(path):
            window = _window(node, axis)
            if window is not None:
                stride, before, reach = window
                first += step * (reach / 2 - before)
                step *= stride
            elif _sides(y) != _sides(node.inputs[0]):
                return None
        axes.append((first, step))
    return tuple(axes)


def _window(node: Node, axis: int) -> tuple[int, int, int] | None:
    """Stride, padding before and (last - first pixel seen) of a convolution or pooling."""

    def at(name: str, default: int) -> int:
        numbers = node.attrs.get(name) or (default,)
        if name == "padding" and len(numbers) == 4:  # before and after, of rows and columns
            return int(numbers[2 * axis])
        return int(numbers[axis] if len(numbers) > 1 else numbers[0])

    if node.op == "conv2d":
        size = int(node.inputs[1].shape[2 + axis] or 1)
    elif node.op.endswith("pool2d"):
        size = at("kernel_size", 1)
    else:
        return None
    stride = at("stride", 1 if node.op == "conv2d" else size)
    return stride, at("padding", 0), at("dilation", 1) * (size - 1)


def _sides(t: Tensor) -> tuple[int | None, ...]:
    """H and W."""
    return t.shape[1:3] if _is_inner(t) else t.shape[2:]


def _is_map(t: Tensor) -> bool:
    """Whether a value is images, in the order (N, C, H, W), of more than one pixel."""
    return t.ndim == 4 and not _is_inner(t) and t.shape[2:] != (1, 1)


def _is_inner(t: Tensor) -> bool:
    """Whether a value is between channels_last and channels_first, as kernels see it."""
    while t.node is not None and t.node.op != "channels_first":
        if t.node.op == "channels_last":
            return True
        t = t.node.inputs[0]
    return False


def _is_pooled(t: Tensor) -> bool:
    """Whether a value comes from pooling, or from dropout after it."""
    while t.node is not None and t.node.op in ("channels_first", "dropout", "channel_dropout"):
        t = t.node.inputs[0]
    return t.node is not None and t.node.op.endswith("pool2d")
