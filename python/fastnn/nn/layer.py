"""The base of all layers: a small composition of ops with parameters and a name."""

from __future__ import annotations

import inspect
import math
from functools import lru_cache
from typing import Any

from fastnn._checks import check_name
from fastnn.ops.tensor import Parameter, State, Tensor, in_layer


class Layer:
    """A function of tensors with parameters of its own.

    Subclasses store their constructor's arguments as given, make parameters in ``build`` and
    compute in ``forward``. Calling one layer twice shares its parameters.

    Parameters
    ----------
    name : str, optional
        What summaries, errors and parameter names call it; by default its class and number.

    Attributes
    ----------
    trainable : bool
        Set to False, training keeps the parameters as they are, also those of the layers and models
        that ``forward`` calls, whoever else calls them in a model. Where the layer's model is part of
        a larger one, they are kept there as well.
    parameters, states : dict of str to Parameter or State
        What ``build`` has made.

    Raises
    ------
    TypeError
        When called on anything but symbolic tensors.
    TypeError, ValueError
        If ``name`` is no text that can be printed.

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
        check_name(type(self).__name__, name)
        self.name = name
        self.given_name = name is not None
        self.trainable = True
        self.origin: Layer | None = None  # of a copy in a larger model: the layer it was made from
        self.parameters: dict[str, Parameter] = {}
        self.states: dict[str, State] = {}
        self._built = False

    @property
    def is_frozen(self) -> bool:
        """Whether training keeps the parameters, by this layer's wish or by its origin's."""
        return not self.trainable or (self.origin is not None and self.origin.is_frozen)

    @property
    def kind(self) -> str:
        """Name of the class."""
        return type(self).__name__

    @property
    def where(self) -> str:
        """Head of error texts, `Dense "dense1"`; the class alone as long as there is no name."""
        return self.kind if self.name is None else f'{self.kind} "{self.name}"'

    def parameter(
        self, name: str, shape: tuple[int, ...], init: Any, weight: bool = True
    ) -> Parameter:
        """Make a learned array, in ``build``.

        Parameters
        ----------
        name : str
            Its key in ``parameters``, and the end of its name in ``Model.parameters``.
        shape : tuple of int
        init : str, float, array or callable
            See `fastnn.nn.init`.
        weight : bool
            Whether l1, l2, weight decay and max-norm apply to it.

        Returns
        -------
        Parameter
            A tensor for ``forward`` to compute with.

        Examples
        --------
        >>> Layer().parameter("slope", (3,), "ones", weight=False)
        Tensor(slope, shape=(3,), dtype=float32)
        """
        made = self.parameters[name] = Parameter(shape, name, init, weight)
        made.maker = self
        return made

    def state(self, name: str, shape: tuple[int, ...], init: Any) -> State:
        """Make an array that training carries from step to step, in ``build``.

        Parameters
        ----------
        name : str
            Its key in ``states``, and the end of its name in ``Model.states``.
        shape : tuple of int
        init : str, float, array or callable
            See `fastnn.nn.init`.

        Returns
        -------
        State
            A tensor; ``forward`` sets its ``update`` to the tensor that replaces it after a step.

        Examples
        --------
        >>> Layer().state("mean", (3,), "zeros")
        Tensor(mean, shape=(3,), dtype=float32)
        """
        made = self.states[name] = State(shape, name, init)
        made.maker = self
        return made

    def build(self, *inputs: Tensor) -> None:
        """Make the parameters, knowing the first call's inputs.

        Parameters
        ----------
        inputs : Tensor
            What the layer is first called on.
        """

    def forward(self, *inputs: Any) -> Any:
        """Compute the outputs from the inputs by ops and other layers.

        Parameters
        ----------
        inputs : Tensor
            What the layer is called on.

        Returns
        -------
        Tensor, or a tuple of them

        Raises
        ------
        TypeError
            If the class does not define it.
        """
        raise TypeError(f"{type(self).__name__}: forward must be defined, got a class without it")

    def config(self) -> dict[str, Any]:
        """Constructor arguments, for summaries and saved files.

        Returns
        -------
        dict of str to object
            By argument; the name and the initialisers are left out.
        """
        return {}

    def __call__(self, *inputs: Tensor) -> Any:
        for x in inputs:
            if not isinstance(x, Tensor):
                raise TypeError(
                    f"{type(self).__name__}: x must be a symbolic Tensor, got {type(x).__name__}; "
                    "start from fnn.Input, or give the layer to fnn.Model and call predict"
                )
        self._check_count(inputs)
        if self.name is None:
            self.name = _number(type(self), inputs)
        with in_layer(self):
            if not self._built:
                self.build(*inputs)
                self._built = True
            return self.forward(*inputs)

    def _check_count(self, inputs: tuple[Tensor, ...]) -> None:
        """As many tensors as ``forward`` takes."""
        least, most = _arity(type(self).forward)
        if least <= len(inputs) <= most:
            return
        rule = f"at least {least}" if most == math.inf else str(least)
        rule += f" to {most}" if least < most < math.inf else ""
        raise TypeError(
            f"{type(self).__name__}: inputs must be {rule} symbolic Tensor(s), got {len(inputs)}"
        )

    def __repr__(self) -> str:
        arguments = ", ".join(f"{k}={v!r}" for k, v in self.config().items() if v is not None)
        return f"{type(self).__name__}({arguments})"


@lru_cache(maxsize=256)
def _arity(forward: Any) -> tuple[int, float]:
    """The fewest and the most tensors that a ``forward`` takes beside ``self``."""
    try:
        parameters = list(inspect.signature(forward).parameters.values())[1:]
    except ValueError:  # a builtin does not tell
        return 0, math.inf
    taken = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    least = sum(p.default is p.empty for p in taken)
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return max(least, 1), math.inf
    return least, len(taken)


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
