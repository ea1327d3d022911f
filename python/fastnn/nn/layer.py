"""The base of all layers: a small composition of ops with parameters and a name."""

from __future__ import annotations

from typing import Any

from fastnn.ops.tensor import Parameter, State, Tensor, in_layer


class Layer:
    """A function of tensors with parameters of its own.

    Subclasses store their constructor's arguments as given, make parameters in ``build`` and
    compute in ``forward``. Calling one layer twice shares its parameters.

    Parameters
    ----------
    name : str, optional
        What summaries, errors and parameter names call it; by default its class and number.

    Examples
    --------
    >>> import fastnn as fnn
    >>> class Scale(fnn.nn.Layer):
    ...     def build(self, x):
    ...         self.factor = self.parameter("factor", (x.shape[-1],), "ones")
    ...     def forward(self, x):
    ...         return x * self.factor
    >>> fnn.Model([Scale()], input_shape=(2,)).predict([[3.0, 4.0]])
    array([[3., 4.]], dtype=float32)
    """

    def __init__(self, name: str | None = None) -> None:
        self.name = name
        self.given_name = name is not None
        self.trainable = True
        self.parameters: dict[str, Parameter] = {}
        self.states: dict[str, State] = {}
        self._built = False

    @property
    def kind(self) -> str:
        """Name of the class."""
        return type(self).__name__

    @property
    def where(self) -> str:
        """Head of error texts, `Dense "dense1"`."""
        return f'{self.kind} "{self.name}"'

    def parameter(
        self, name: str, shape: tuple[int, ...], init: Any, weight: bool = True
    ) -> Parameter:
        """Make a learned array; ``weight=False`` keeps it from l1, l2, weight decay and max-norm."""
        self.parameters[name] = Parameter(shape, name, init, weight)
        return self.parameters[name]

    def state(self, name: str, shape: tuple[int, ...], init: Any) -> State:
        """Make an array that training carries from step to step."""
        self.states[name] = State(shape, name, init)
        return self.states[name]

    def build(self, *inputs: Tensor) -> None:
        """Make the parameters, knowing the first call's inputs."""

    def forward(self, *inputs: Any) -> Any:
        """Compute the outputs from the inputs by ops and other layers."""
        raise TypeError(f"{type(self).__name__}: forward must be defined, got a class without it")

    def config(self) -> dict[str, Any]:
        """Constructor arguments, for summaries and saved files."""
        return {}

    def __call__(self, *inputs: Tensor) -> Any:
        for x in inputs:
            if not isinstance(x, Tensor):
                raise TypeError(
                    f"{type(self).__name__}: x must be a symbolic Tensor, got {type(x).__name__}; "
                    "start from fnn.Input, or give the layer to fnn.Model and call predict"
                )
        if self.name is None:
            self.name = _number(type(self), inputs)
        with in_layer(self):
            if not self._built:
                self.build(*inputs)
                self._built = True
            return self.forward(*inputs)

    def __repr__(self) -> str:
        arguments = ", ".join(f"{k}={v!r}" for k, v in self.config().items() if v is not None)
        return f"{type(self).__name__}({arguments})"


def _number(kind: type, inputs: tuple[Tensor, ...]) -> str:
    """`dense3` for the third Dense on the way to these inputs."""
    seen: set[int] = set()
    layers: set[int] = set()
    stack = [t.node for t in inputs if t.node]
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if type(node.layer) is kind:
            layers.add(id(node.layer))
        stack += [t.node for t in node.inputs if t.node]
    return f"{kind.__name__.lower()}{len(layers) + 1}"
