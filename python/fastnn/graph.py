"""From symbolic tensors to the core's Graph, and to the plain structure that a file holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from fastnn import _core
from fastnn._config import plain
from fastnn.ops.python import Function
from fastnn.ops.tensor import Constant, Leaf, Node, Parameter, State, Tensor

# Operands of ops, and the outputs that take their place in the next call: a norm that is called twice
# lets its running statistics follow both inputs.
_CARRIED = {"batch_norm": ((3, 1), (4, 2))}

Feed = tuple[Any, float, float]  # array, scale and offset


class Structure:
    """What some tensors depend on, in the order it is computed.

    Attributes
    ----------
    nodes : list of Node
        Uses of ops, operands before users.
    of_outputs : tuple of Node
        Those of them that the outputs depend on; the others only serve updates of states.
    inputs, parameters, states, constants : list of Tensor
        Leaves in order of first use.
    inputs_of_updates : list of Tensor
        Those inputs that only updates of states depend on.
    made_elsewhere : list of Parameter
        Those that no layer with a node of its own has among its ``parameters``.
    updates : dict of State to Tensor
        What takes a state's place after a training step, as it was when this was made: a layer that
        is called once more sets another ``update``, which is none of this network's business.

    Parameters
    ----------
    outputs : iterable of Tensor
    updates : dict of State to Tensor
        Those of a structure that this one contains.
    """

    def __init__(
        self,
        outputs: Iterable[Tensor],
        updates: Mapping[State, Tensor | None] = MappingProxyType({}),
    ) -> None:
        self.outputs = list(outputs)
        self.updates: dict[State, Tensor] = {}
        self.nodes: list[Node] = []
        self.inputs: list[Tensor] = []
        self.parameters: list[Parameter] = []
        self.states: list[State] = []
        self.constants: list[Constant] = []
        self._seen: set[int] = set()
        for tensor in self.outputs:
            self._visit(tensor)
        self.of_outputs = tuple(self.nodes)
        needed = len(self.inputs)
        for state in self.states:  # which may grow; what only an update needs comes last
            update = updates.get(state, state.update)
            if update is not None:
                self.updates[state] = update
                self._visit(update)
        self.inputs_of_updates = self.inputs[needed:]
        # Layers and who called them, each way once: asked at every step.
        ways: dict[Any, tuple[Any, ...]] = {
            (id(n.layer), *map(id, n.callers)): (n.layer, *n.callers) for n in self.nodes
        }
        self._called = [way for way in ways.values() if hasattr(way[0], "is_frozen")]
        known = {id(p) for layer, *_ in self._called for p in layer.parameters.values()}
        self.made_elsewhere = [
            p for p in self.parameters if p.maker is not None and id(p) not in known
        ]

    def frozen_layers(self) -> set[int]:
        """Identities of layers that are not trained: by themselves, their origin, or a caller."""
        return {
            id(layer)
            for layer, *callers in self._called
            if layer.is_frozen or any(getattr(x, "is_frozen", False) for x in callers)
        }

    @property
    def in_call_order(self) -> list[Node]:
        """The nodes as they were called."""
        return sorted(self.nodes, key=lambda node: node.number)

    @property
    def owned(self) -> list[Leaf]:
        """Parameters and states, which one model holds the values of."""
        return [*self.parameters, *self.states]

    def _visit(self, tensor: Tensor) -> None:
        """Depth first without recursion: a network may be thousands of nodes deep."""
        stack: list[tuple[Tensor, bool]] = [(tensor, False)]
        while stack:
            t, ready = stack.pop()
            if t.node is None:
                if id(t) not in self._seen:
                    self._seen.add(id(t))
                    self._leaf(t)
            elif ready:
                self.nodes.append(t.node)
            elif id(t.node) not in self._seen:
                self._seen.add(id(t.node))
                stack.append((t, True))
                stack.extend((x, False) for x in reversed(t.node.inputs))

    def _leaf(self, t: Tensor) -> None:
        if isinstance(t, Parameter):
            self.parameters.append(t)
        elif isinstance(t, State):
            self.states.append(t)
        elif isinstance(t, Constant):
            self.constants.append(t)
        else:
            self.inputs.append(t)


class Built:
    """A core Graph and the ids of the tensors in it."""

    def __init__(
        self, structure: Structure, dtype: str, first: Sequence[Tensor] = (), frozen: Any = ()
    ) -> None:
        """``first``: leaves (a model's inputs, parameters and states) that get their ids, and their
        place in the flat vectors, before all others; ``frozen``: ids of untrained parameters."""
        # Of states: what the last call that the outputs need made of them.
        last: dict[int, int] = {}
        needed = set(map(id, structure.of_outputs))
        self.core = _core.Graph(dtype)
        self.ids: dict[int, int] = {}
        self._keep = structure  # tensors are known by identity: they must outlive the ids
        leaves = [*first, *structure.inputs, *structure.parameters, *structure.states]
        for t in [*leaves, *structure.constants]:
            if id(t) not in self.ids:
                self.ids[id(t)] = self._leaf(t, dtype, frozen)
        carried_by = {
            id(node): _carried(node) if id(node) in needed else [] for node in structure.nodes
        }
        for node in _in_order(structure, carried_by):
            where = node.layer.where if node.layer else node.op
            carried = carried_by[id(node)]
            inputs = [self[t] for t in node.inputs]
            for i, _ in carried:
                inputs[i] = last.get(id(node.inputs[i]), inputs[i])
            outputs = self.core.add(node.op, where, inputs, node.attrs, node.function)
            last |= {id(node.inputs[i]): outputs[k] for i, k in carried}
            for t, value in zip(node.outputs, outputs, strict=True):
                self.ids[id(t)] = value
        for state, update in structure.updates.items():
            self.core.update(self[state], last.get(id(state), self[update]))

    def _leaf(self, t: Tensor, dtype: str, frozen: Any) -> int:
        if isinstance(t, Parameter):
            return int(self.core.parameter(t.shape, id(t) not in frozen, t.weight))
        if isinstance(t, State):
            return int(self.core.state(t.shape))
        if isinstance(t, Constant):
            real = t.value.dtype.kind == "f"
            return int(self.core.constant(np.array(t.value, dtype if real else None, order="C")))
        return int(self.core.input(t.shape, dtype if t.dtype.startswith("float") else t.dtype))

    def __getitem__(self, tensor: Tensor) -> int:
        return self.ids[id(tensor)]

    def feeds(self, tensors: Sequence[Tensor], given: Sequence[Feed]) -> list[Any]:
        """What tensors are fed with as the core reads it: (id, array, scale, offset) for each.

        Those that are not in the graph are left out: a loss of one's own need not read its target.
        """
        pairs = zip(tensors, given, strict=True)
        return [(self.ids[id(t)], *feed) for t, feed in pairs if id(t) in self.ids]


def _carried(node: Node) -> list[tuple[int, int]]:
    """Of `_CARRIED`, what of this node's is a state."""
    return [pair for pair in _CARRIED.get(node.op, ()) if isinstance(node.inputs[pair[0]], State)]


def _in_order(structure: Structure, carried: Mapping[int, list[tuple[int, int]]]) -> list[Node]:
    """The nodes as they are run: depth first, which holds the fewest values at a time, unless a norm
    would be run in another order than it was called in."""
    calls: dict[int, list[int]] = {}
    for node in structure.nodes:
        for i, _ in carried[id(node)]:
            calls.setdefault(id(node.inputs[i]), []).append(node.number)
    if all(numbers == sorted(numbers) for numbers in calls.values()):
        return structure.nodes
    return structure.in_call_order


class SavedLayer:
    """What a file remembers of a layer: enough for summaries and errors."""

    def __init__(self, name: str, kind: str, config: dict[str, Any]) -> None:
        self.name = name
        self.kind = kind
        self._config = config
        self.given_name = True
        self.trainable = True
        self.origin: Any = None
        self.parameters: dict[str, Parameter] = {}
        self.states: dict[str, State] = {}

    @property
    def is_frozen(self) -> bool:
        """Whether training keeps the parameters."""
        return not self.trainable or (self.origin is not None and self.origin.is_frozen)

    @property
    def where(self) -> str:
        """Head of error texts."""
        return f'{self.kind} "{self.name}"'

    def config(self) -> dict[str, Any]:
        """Constructor arguments of the layer as it was."""
        return self._config


def to_json(structure: Structure, inputs: Sequence[Tensor]) -> dict[str, Any]:
    """The structure as plain dicts and lists; arrays of constants are saved beside it."""
    frozen = structure.frozen_layers()
    layers: list[Any] = []
    refs: dict[int, list[Any]] = {}
    kinds = {
        "input": inputs,
        "parameter": structure.parameters,
        "state": structure.states,
        "constant": structure.constants,
    }
    for kind, leaves in kinds.items():
        refs.update({id(t): [kind, i] for i, t in enumerate(leaves)})
    nodes = []
    for i, node in enumerate(structure.in_call_order):
        if node.layer is not None and node.layer not in layers:
            layers.append(node.layer)
        refs.update({id(t): ["node", i, k] for k, t in enumerate(node.outputs)})
        nodes.append(
            {
                "op": node.op,
                "inputs": [refs[id(t)] for t in node.inputs],
                "attrs": node.attrs,
                "function": node.function_name,
                "layer": None if node.layer is None else layers.index(node.layer),
            }
        )
    owner = {id(p): k for k, x in enumerate(layers) for p in x.parameters.values()}
    owner |= {id(s): k for k, x in enumerate(layers) for s in x.states.values()}
    return {
        "inputs": [{"shape": t.shape[1:], "dtype": t.dtype, "name": t.name} for t in inputs],
        "parameters": [
            {"shape": t.shape, "name": t.name, "weight": t.weight, "layer": owner.get(id(t))}
            for t in structure.parameters
        ],
        "states": [
            {
                "shape": t.shape,
                "name": t.name,
                "layer": owner.get(id(t)),
                "update": refs[id(structure.updates[t])] if t in structure.updates else None,
            }
            for t in structure.states
        ],
        "constants": len(structure.constants),
        "nodes": nodes,
        "outputs": [refs[id(t)] for t in structure.outputs],
        "layers": [
            {
                "name": x.name,
                "kind": x.kind,
                "config": plain(x.config(), _shown),
                "trainable": id(x) not in frozen,
            }
            for x in layers
        ],
    }


def _shown(value: Any) -> Any:
    """A layer's argument that is no number and no text, for summaries: a dict, else its repr."""
    if isinstance(value, dict):
        return {str(k): plain(v, _shown) for k, v in value.items()}
    return repr(value)


def from_json(
    saved: dict[str, Any], constants: Sequence[Any], functions: Mapping[str, Any]
) -> tuple[list[Tensor], list[Tensor]]:
    """(inputs, outputs) described by `to_json`; every shape rule checks them again.

    ``functions`` gives back (forward, backward) of the Python ops by name.
    """
    from fastnn.ops.tensor import in_layer

    layers = [SavedLayer(x["name"], x["kind"], x["config"]) for x in saved["layers"]]
    for layer, x in zip(layers, saved["layers"], strict=True):
        layer.trainable = bool(x["trainable"])
    leaves: dict[str, list[Any]] = {
        "input": [Tensor((None, *x["shape"]), x["dtype"], x["name"]) for x in saved["inputs"]],
        "parameter": [
            Parameter(tuple(x["shape"]), x["name"], "zeros", bool(x["weight"]))
            for x in saved["parameters"]
        ],
        "state": [State(tuple(x["shape"]), x["name"], "zeros") for x in saved["states"]],
        "constant": [Constant(c) for c in constants],
    }
    for kind, attribute in (("parameter", "parameters"), ("state", "states")):
        for t, x in zip(leaves[kind], saved[kind + "s"], strict=True):
            if x["layer"] is not None:
                getattr(layers[x["layer"]], attribute)[x["name"]] = t
    nodes: list[Node] = []

    def tensor(ref: list[Any]) -> Tensor:
        found = nodes[ref[1]].outputs[ref[2]] if ref[0] == "node" else leaves[ref[0]][ref[1]]
        assert isinstance(found, Tensor)
        return found

    for x in saved["nodes"]:
        attrs = {k: tuple(v) if isinstance(v, list) else v for k, v in x["attrs"].items()}
        inputs = tuple(tensor(ref) for ref in x["inputs"])
        if x["layer"] is None:
            nodes.append(Node(x["op"], inputs, attrs))
        else:
            with in_layer(layers[x["layer"]]):
                nodes.append(Node(x["op"], inputs, attrs))
        if x["op"] == "python":
            nodes[-1].function_name = x["function"]
            nodes[-1].function = _function(x["function"], functions)
    for t, x in zip(leaves["state"], saved["states"], strict=True):
        t.update = None if x["update"] is None else tensor(x["update"])
    return leaves["input"], [tensor(ref) for ref in saved["outputs"]]


def _function(name: str, functions: Mapping[str, Any]) -> Any:
    if not (isinstance(name, str) and name):
        raise ValueError(f"a Python function must have a name, got {name!r}")
    if name not in functions:
        raise LookupError(
            f"{name} must be given, because the model calls a Python function of that name and "
            f"files hold no code; pass {name}=(forward, backward)"
        )
    given = functions[name]
    forward, backward = given if isinstance(given, tuple) and len(given) == 2 else (given, None)
    if not (callable(forward) and (backward is None or callable(backward))):
        raise LookupError(f"{name} must be a function or a pair (forward, backward), got {given!r}")
    return Function(forward, backward)
