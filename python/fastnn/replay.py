"""A network's ops once more, on other tensors and with parameters of their own."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from numpy.typing import NDArray

from fastnn.graph import Structure
from fastnn.ops.tensor import Node, Parameter, State, Tensor, in_layer


class Replay:
    """Copies of the layers, parameters and states of a structure, to describe it again with.

    Calls of one replay share its parameters, which belong to the model that is made of them.

    Parameters
    ----------
    structure : Structure
    values : dict of int to array
        Arrays of the old parameters and states by their identity. The copies begin with what is in
        them when the new model is made.
    """

    def __init__(self, structure: Structure, values: Mapping[int, NDArray[Any]]) -> None:
        self._structure = structure
        self._new: dict[int, Any] = {}  # by identity of the old, as copy.deepcopy keeps it
        for p in structure.parameters:
            self._new[id(p)] = Parameter(p.shape, p.name, _read(values[id(p)]), p.weight)
        for s in structure.states:
            self._new[id(s)] = State(s.shape, s.name, _read(values[id(s)]))
        layers: dict[int, Any] = {
            id(n.layer): n.layer for n in structure.nodes if n.layer is not None
        }
        for layer in layers.values():  # a copy of a copy has the same origin
            while (layer := layer.origin) is not None and id(layer) not in layers:
                self._new[id(layer)] = layer
        for layer in layers.values():
            copy.deepcopy(layer, self._new)
        for leaf in structure.owned:
            self._new[id(leaf)].maker = self._new.get(id(leaf.maker), leaf.maker)

    def copy_of(self, layer: Any) -> Any:
        """The copy of a layer of the structure."""
        return self._new[id(layer)]

    @property
    def is_taken(self) -> bool:
        """Whether a model was made of the copies."""
        return any(self._new[id(t)].owner is not None for t in self._structure.owned)

    def __call__(self, inputs: Mapping[int, Any]) -> list[Tensor]:
        """The structure's outputs for other inputs, which are given by the old ones' identity."""
        new = self._new | dict(inputs)
        for node in self._structure.in_call_order:
            operands = tuple(new.get(id(t), t) for t in node.inputs)
            with nullcontext() if node.layer is None else in_layer(new[id(node.layer)]):
                again = Node(node.op, operands, node.attrs)
            again.function, again.function_name = node.function, node.function_name
            # Who has no node, and so no copy, rules the copies too.
            again.callers += tuple(self._new.get(id(c), c) for c in node.callers)
            new |= {id(a): b for a, b in zip(node.outputs, again.outputs, strict=True)}
        for state, update in self._structure.updates.items():
            new[id(state)].update = new[id(update)]
        return [new[id(t)] for t in self._structure.outputs]


def _read(array: NDArray[Any]) -> Callable[..., NDArray[Any]]:
    """An initialiser: the array's values at the time."""

    def values(shape: Sequence[int], uniform: object, normal: object) -> NDArray[Any]:
        return array

    return values
