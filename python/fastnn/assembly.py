"""What a model is put together from: inputs, layers in a stack, and tensors that are checked and named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastnn._checks import check_integer, check_name
from fastnn.graph import Structure
from fastnn.ops.tensor import Node, Parameter, Tensor

_MOST_AXES = 7  # of one sample: the core's arrays have 8 with the batch


def Input(shape: Sequence[int], dtype: str = "float32", name: str = "x") -> Tensor:
    """A model's input.

    Parameters
    ----------
    shape : tuple of int
        Shape of one sample, without the batch.
    dtype : {"float32", "int64"}
        "float32" stands for the model's own float type.
    name : str
        What errors call it, and a dict of inputs; printable and not empty.

    Returns
    -------
    Tensor of shape (N, *shape)

    Raises
    ------
    ValueError
        If a size is below 1, there are more than 7, the dtype is another, or ``name`` is not
        printable.
    TypeError
        If a size is no integer, or ``name`` no str.

    Examples
    --------
    >>> Input((3, 32, 32))
    Tensor(x, shape=(N, 3, 32, 32), dtype=float32)
    """
    given = tuple(shape) if isinstance(shape, Sequence) else (shape,)
    try:
        dims = [
            check_integer("Input", "shape", d, "integers >= 1", lambda n: n >= 1) for d in given
        ]
    except (TypeError, ValueError) as error:
        raise type(error)(f"Input: shape must hold integers >= 1, got {shape!r}") from None
    if max(dims, default=1) >= 2**63:
        raise ValueError(f"Input: shape must hold integers < 2**63, got {shape!r}")
    if len(dims) > _MOST_AXES:
        raise ValueError(f"Input: shape must have at most {_MOST_AXES} axes, got {len(dims)}")
    if dtype not in ("float32", "int64"):
        raise ValueError(f"Input: dtype must be 'float32' or 'int64', got {dtype!r}")
    check_name("Input", name, optional=False)
    return Tensor((None, *dims), dtype, name)


def stack(layers: Any, input_shape: Sequence[int] | None) -> tuple[Tensor, Any]:
    """The input and the output of layers called one after the other."""
    if not isinstance(layers, list | tuple) or not layers or isinstance(layers[0], Tensor):
        raise TypeError(
            "Model: inputs must be a non-empty list of layers, or tensors with outputs, "
            f"got {layers!r}"
        )
    if input_shape is None:
        raise ValueError(
            "Model: input_shape must be given with a list of layers, got None; "
            "it is the shape of one sample, such as (1, 28, 28)"
        )
    x = Input(input_shape)
    y: Any = x
    for layer in layers:
        if isinstance(layer, type):  # it would be made of the tensor, as its first argument
            name = layer.__name__
            raise TypeError(
                f"Model: inputs must be a list of layers, got the class {name} in it; "
                f"write {name}(...)"
            )
        if not callable(layer):
            raise TypeError(f"Model: inputs must be a list of layers, got {layer!r} in it")
        y = layer(y)
    return x, y


def tensors_of(given: Any, argument: str) -> list[Tensor]:
    """One tensor, or several, as a list."""
    tensors = list(given) if isinstance(given, list | tuple) else [given]
    for t in tensors:
        if not isinstance(t, Tensor):
            raise TypeError(f"Model: {argument} must be tensors, got {type(t).__name__}")
    if not tensors:
        raise ValueError(f"Model: {argument} must hold at least one tensor, got none")
    return tensors


def check_inputs(inputs: list[Tensor], structure: Structure) -> None:
    """Inputs are what `Input` made, each once, and all that the outputs need."""
    known = {id(t) for t in inputs}
    for t in inputs:
        if t.node is not None or isinstance(t, Parameter):
            raise ValueError(f"Model: inputs must come from fnn.Input, got {t!r}")
    if len(known) < len(inputs):
        twice = next(t for i, t in enumerate(inputs) if any(t is u for u in inputs[:i]))
        raise ValueError(f"Model: inputs must be different tensors, got {twice!r} twice")
    unknown = [t for t in structure.inputs if id(t) not in known]
    if not unknown:
        return
    rule = "Model: inputs must name every input that"
    if any(unknown[0] is t for t in structure.inputs_of_updates):
        raise ValueError(
            f"{rule} the updates of states need, got none for {unknown[0]!r}; a state follows the "
            "last call of its layer, also one that no output needs"
        )
    raise ValueError(f"{rule} the outputs need, got none for {unknown[0]!r}")


def check_outputs(outputs: list[Tensor]) -> None:
    """A row for each sample: batches are computed apart and put one after the other."""
    for t in outputs:
        if t.ndim == 0 or t.shape[0] is not None or None in t.shape[1:]:
            raise ValueError(
                "Model: outputs must have shape (N, ...), one row for each sample, and no other "
                f"axis of N, got {t!r}; reduce and move axes from 1 on only, and give what sums "
                "over samples to fnn.Trainer as its loss or a metric"
            )
    seen: set[int] = set()
    waiting = [t.node for t in outputs if t.node]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if _mixes_rows(node):
            raise ValueError(
                "Model: outputs must be computed row by row, because a prediction may take the rows "
                f"in several batches, got {node.op} over the axis of N for {node.inputs[0]!r}; "
                "leave axis 0 out of it, or use nn.BatchNorm"
            )
        waiting += [t.node for t in node.inputs if t.node]


def _mixes_rows(node: Node) -> bool:
    """Whether a reduction or a softmax runs along the batch."""
    x = node.inputs[0] if node.inputs else None
    if x is None or not ("keepdims" in node.attrs or node.op in ("softmax", "log_softmax")):
        return False
    axis = node.attrs.get("axis", tuple(range(x.ndim)) if "keepdims" in node.attrs else -1)
    return any(x.shape[a] is None for a in (axis if isinstance(axis, tuple) else (axis,)))


def check_owners(structure: Structure) -> None:
    """Parameters lie in the vector of one model: another would silently train its own."""
    for leaf in structure.owned:
        if leaf.owner is not None and leaf.owner() is not None:
            nodes = structure.nodes
            layer = next((n.layer for n in nodes if n.layer and _reads(n, leaf)), None)
            raise ValueError(
                "Model: layers must belong to one model, got "
                f"{layer.where if layer else leaf.name} of another; make new layers (or delete "
                "the other model first), give one model both outputs, or call the other model on "
                "a tensor"
            )


def check_objective(structure: Structure, model: Structure, fed: Sequence[Tensor]) -> None:
    """Losses and metrics read what a step is fed with, and train the model's parameters alone.

    Parameters
    ----------
    structure : Structure
        Of the model's outputs, the loss and the metrics.
    model : Structure
    fed : sequence of Tensor
        The model's inputs and the targets.

    Raises
    ------
    ValueError
        If they need another input, parameter or state.
    """
    rule = "Trainer: loss and metrics must be computed from the model's outputs and the targets"
    known = {id(t) for t in fed}
    for t in structure.inputs:
        if id(t) not in known:
            raise ValueError(f"{rule}, got another input, {t!r}; make it an input of the model")
    own = {id(t) for t in model.owned}
    for leaf in structure.owned:
        if id(leaf) not in own:
            nodes = (n.layer for n in structure.nodes if _reads(n, leaf))
            layer = next((x for x in nodes if x is not None), None)
            raise ValueError(
                f"{rule}, got {leaf.name} of {layer.where if layer else 'no layer'}, which is not "
                "the model's; give the model what needs it as another output"
            )


def _reads(node: Node, tensor: Tensor) -> bool:
    return any(t is tensor for t in node.inputs)


def named_layers(structure: Structure) -> list[Any]:
    """The layers in order of use; those without a name of their own get one by kind and number."""
    layers: list[Any] = []
    for node in structure.nodes:
        if node.layer is not None and node.layer not in layers:
            layers.append(node.layer)
    named = [x for x in layers if x.given_name]
    taken: set[str] = set()
    for layer in sorted(named, key=lambda x: x.origin is not None):  # those of other models last
        name = layer.name
        if name in taken and layer.origin is None:
            raise ValueError(f"Model: layer names must differ, got {name!r} twice")
        number = 1
        while layer.name in taken:
            number += 1
            layer.name = f"{name}_{number}"
        taken.add(layer.name)
    counts: dict[str, int] = {}
    for layer in layers:
        if not layer.given_name:
            base = layer.kind.lower()
            name = None
            while name is None or name in taken:
                counts[base] = counts.get(base, 0) + 1
                name = f"{base}{counts[base]}"
            layer.name = name
    return layers


def frozen(structure: Structure, layers: Sequence[Any]) -> set[int]:
    """Identities of the parameters of layers that are not trained."""
    kept = structure.frozen_layers()
    of_layers = {id(p) for x in layers if id(x) in kept for p in x.parameters.values()}
    return of_layers | {id(p) for p in structure.made_elsewhere if p.is_frozen}


def output_name(tensor: Tensor) -> str:
    """The layer that computes an output, or the op outside layers, or the input itself."""
    layer = tensor.node.layer if tensor.node else None
    return str(getattr(layer, "name", None) or tensor.name)
