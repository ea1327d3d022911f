"""The compiled core. Arrays are C-contiguous and float32, float64, int64 or uint8."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, TypedDict

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
Attribute: TypeAlias = bool | int | float | Sequence[int]
Shape: TypeAlias = tuple[int | None, ...]  # None stands for the batch size
# (id of the graph's input, rows, scale, offset): the core reads scale * row + offset.
Feed: TypeAlias = tuple[int, Array, float, float]
# Of the products of float32 models; "bf16" is done as the CPU can do it.
Precision: TypeAlias = Literal["float32", "bf16", "bf16 emulated"]

__version__: str
__compiler__: str

# -- machine ---------------------------------------------------------------------------------------

def isa() -> str: ...
def set_isa(name: str, /) -> None: ...
def isas() -> list[tuple[str, bool]]: ...
def has_bf16() -> bool: ...
def get_num_threads() -> int: ...
def set_num_threads(count: int, /) -> None: ...
def available_cpus() -> int: ...
def random_uniform(
    seed: int, stream: int, step: int, n: int, first: int = 0
) -> NDArray[np.float64]: ...
def random_normal(
    seed: int, stream: int, step: int, n: int, first: int = 0
) -> NDArray[np.float64]: ...
def random_permutation(seed: int, stream: int, step: int, n: int) -> NDArray[np.int64]: ...

# -- ops on arrays ---------------------------------------------------------------------------------

def call(
    name: str,
    inputs: Sequence[Array],
    attrs: Mapping[str, Attribute],
    training: bool = False,
    seed: int = 0,
    step: int = 0,
    precision: Precision = "float32",
    bf16: bool = False,
) -> tuple[Array, ...]: ...
def vjp(
    name: str,
    inputs: Sequence[Array],
    attrs: Mapping[str, Attribute],
    grads: Sequence[Array | None],
    start: Sequence[Array] | None = None,
    training: bool = False,
    seed: int = 0,
    step: int = 0,
    precision: Precision = "float32",
    bf16: bool = False,
) -> tuple[Array | None, ...]: ...
def infer(
    name: str,
    where: str,
    shapes: Sequence[Shape],
    dtypes: Sequence[str],
    attrs: Mapping[str, Attribute],
) -> tuple[list[tuple[Shape, str]], float]: ...
def op_names() -> list[str]: ...
def op_isa(name: str, /) -> str: ...
def has_gradient(name: str, /) -> bool: ...

# name, stream, share of the samples, numbers that it is drawn from
def augment(
    x: Array,
    numbers: NDArray[np.int64],
    epoch: int,
    seed: int,
    steps: Sequence[tuple[str, int, float, Sequence[float]]],
) -> Array: ...
def mix_rows(x: Array, z: Array, weights: NDArray[np.float64]) -> None: ...
def random_partners(
    seed: int, stream: int, epoch: int, numbers: NDArray[np.int64], count: int, alpha: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]: ...
def stay_on_thread() -> None: ...
def gather_rows(
    array: Array,
    indices: NDArray[np.int64] | None = None,
    scale: float = 1.0,
    offset: float = 0.0,
    dtype: str = "float32",
) -> Array: ...

# -- optimisers ------------------------------------------------------------------------------------

def optimizer_update(
    name: str,
    theta: Array,
    grad: Array,
    states: Sequence[Array],
    lr: float,
    hyper: Mapping[str, float],
    l1: float = 0.0,
    l2: float = 0.0,
    grad_scale: float = 1.0,
    step: int = 1,
) -> float: ...
def optimizer_names() -> list[str]: ...
def optimizer_spec(name: str, hyper: Mapping[str, float] = {}) -> tuple[int, dict[str, float]]: ...
def sum_of_squares(x: Array) -> float: ...
def max_norm(w: Array, limit: float) -> None: ...

# -- graphs ----------------------------------------------------------------------------------------

class Graph:
    def __init__(self, real: str, /) -> None: ...
    def input(self, shape: Shape, dtype: str, /) -> int: ...
    def parameter(self, shape: Shape, trainable: bool, weight: bool, /) -> int: ...
    def state(self, shape: Shape, /) -> int: ...
    def constant(self, value: Array, /) -> int: ...
    def add(
        self,
        op: str,
        where: str,
        inputs: Sequence[int],
        attrs: Mapping[str, Attribute],
        function: Function | None = None,
    ) -> list[int]: ...
    def update(self, state: int, value: int, /) -> None: ...

class Function:
    def __init__(self, forward: object, backward: object) -> None: ...

class PlanInfo(TypedDict):
    steps: list[str]
    arena_bytes: int
    scratch_bytes: int
    flops: float
    descending: list[int]

class Inference:
    def __init__(
        self, graph: Graph, outputs: Sequence[int], theta: Array, states: Array, /
    ) -> None: ...
    def run(
        self, feeds: Sequence[Feed], order: NDArray[np.int64] | None, n: int, batch: int, /
    ) -> list[Any]: ...
    def rows(self, input: int, x: object, most: int, /) -> Array | None: ...
    def plan_info(self, batch: int, /) -> PlanInfo: ...

class Rule(TypedDict):
    optimizer: str
    hyper: Mapping[str, float]
    l1: float
    l2: float
    clip_norm: float
    max_norm: float

class Done(TypedDict):
    stop: Literal["done", "time", "not finite", "error"]
    steps: int
    rows: int
    sums: list[float]
    error: BaseException | None  # what ended a run with "error": Ctrl-C, or a Python op's

class Training:
    step_counter: int
    def __init__(
        self,
        graph: Graph,
        loss: int,
        metrics: Sequence[int],
        rule: Rule,
        seed: int,
        theta: Array,
        states: Array,
        precision: Precision,
        /,
    ) -> None: ...
    def run(
        self,
        feeds: Sequence[Feed],
        order: NDArray[np.int64],
        batch: int,
        lr: NDArray[np.float64],
        seconds: float,
        sums: Sequence[float],
        /,
    ) -> Done: ...
    def step(self, feeds: Sequence[Feed], rows: int, lr: float, update: bool, /) -> Done: ...
    def gradient(self) -> Array: ...
    def optimizer_states(self) -> list[Array]: ...
    def plan_info(self, batch: int, /) -> PlanInfo: ...
    def measure(self, batch: int, runs: int, /) -> list[tuple[str, str, float, float]]: ...
    def batch_sizes(self) -> list[int]: ...

def find_not_finite(
    graph: Graph,
    loss: int,
    theta: Array,
    states: Array,
    feeds: Sequence[Feed],
    rows: int,
    seed: int,
    step_counter: int,
    precision: Precision,
    /,
) -> tuple[str, Literal["output", "gradient"]] | None: ...
def inspect(
    graph: Graph,
    outputs: Sequence[int],
    loss: int,
    theta: Array,
    states: Array,
    feeds: Sequence[Feed],
    rows: int,
    training: bool,
    seed: int,
    step_counter: int,
    input_gradients: bool,
    precision: Precision,
    /,
) -> dict[int, tuple[Array | None, Array | None]]: ...
