"""A model's layers as a table: shapes, parameters, FLOPs, memory."""

from __future__ import annotations

import math
from typing import Any

from fastnn.ops.tensor import shape_text

_MOVED = ("channels_last", "channels_first", "reshape")  # the same numbers in another order
_BYTES = {"float32": 4, "float64": 8, "int64": 8, "uint8": 1}


def summary(model: Any) -> str:
    """The table that ``Model.summary`` prints.

    Parameters
    ----------
    model : Model

    Returns
    -------
    str
        One line a layer (ops outside layers count as layers), then totals. FLOPs are those of a
        forward run of one sample, a multiplication and an addition counted as two.

    Examples
    --------
    >>> import fastnn as fnn
    >>> print(summary(fnn.Model([fnn.nn.Dense(3)], input_shape=(2,))))
    layer           output   parameters   FLOPs
    -------------------------------------------
    input x         (N, 2)            0       0
    dense1 (Dense)  (N, 3)            9      12
    -------------------------------------------
    9 parameters (36 B), 12 FLOPs a sample, activations 12 B a sample
    """
    rows: list[tuple[str, str, int, int]] = []
    for t in model.inputs:
        rows.append((f"input {t.name}", shape_text(t.shape), 0, 0))
    activations = 0
    groups: list[list[Any]] = []
    for node in model.structure.nodes:
        if node.op not in _MOVED:
            activations += sum(_size(t) * _BYTES[_real(t.dtype, model.dtype)] for t in node.outputs)
        if groups and node.layer is not None and groups[-1][0].layer is node.layer:
            groups[-1].append(node)
        else:
            groups.append([node])
    counted: set[int] = set()
    for nodes in groups:
        layer = nodes[0].layer
        parameters = 0
        if layer is not None and id(layer) not in counted:
            counted.add(id(layer))
            parameters = sum(math.prod(p.shape) for p in layer.parameters.values())
        name = nodes[0].op if layer is None else f"{layer.name} ({layer.kind})"
        flops = round(sum(node.flops for node in nodes))
        rows.append((name, shape_text(nodes[-1].outputs[0].shape), parameters, flops))
    head = ("layer", "output", "parameters", "FLOPs")
    table = [head, *[(a, b, f"{c:,}", f"{d:,}") for a, b, c, d in rows]]
    widths = [max(len(line[i]) for line in table) for i in range(4)]
    lines = [
        f"{a:<{widths[0]}}  {b:<{widths[1]}}   {c:>{widths[2]}}   {d:>{widths[3]}}"
        for a, b, c, d in table
    ]
    rule = "-" * len(lines[0])
    total = f"{model.theta.size:,} parameters ({_memory(model.theta.nbytes)}), "
    total += (
        f"{sum(r[3] for r in rows):,} FLOPs a sample, activations {_memory(activations)} a sample"
    )
    return "\n".join([lines[0], rule, *lines[1:], rule, total])


def _real(dtype: str, model_dtype: str) -> str:
    return model_dtype if dtype.startswith("float") else dtype


def _size(tensor: Any) -> int:
    return math.prod(d for d in tensor.shape if d is not None)


def _memory(size: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.4g} {unit}"
        size /= 1024
    return f"{size:.4g} GiB"
