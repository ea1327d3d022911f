"""Python code, of which a file holds the name alone: given to it in saving, asked for in loading."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MethodType
from typing import Any

from fastnn.ops.tensor import Node


class Names:
    """Names of the functions and classes of one file, none of them for two.

    Parameters
    ----------
    where : str
        Head of error texts.
    taken : tuple of str
        Arguments of the function that reads the file: nothing else can be given under their names.

    Examples
    --------
    >>> names = Names("Trainer.save")
    >>> names.of(max)
    {'function': 'max'}
    """

    def __init__(self, where: str, taken: tuple[str, ...] = ("path",)) -> None:
        self.where, self._taken = where, taken
        self._known: dict[str, tuple[Any, ...]] = {}

    def of(self, given: Any) -> dict[str, str]:
        """How a function, a class or a callable object stands in the file."""
        name = getattr(given, "__name__", type(given).__name__)
        self._add(name, (given, None))
        return {"function": name}

    def add(self, nodes: Iterable[Node]) -> None:
        """The Python functions among a model's nodes, which hold their names."""
        for node in nodes:
            if node.op == "python":
                self._add(node.function_name, node.function.pair)

    def given(self) -> dict[str, Any]:
        """What the reader of the file must be given."""
        return {n: pair[0] if pair[1] is None else pair for n, pair in self._known.items()}

    def _add(self, name: Any, pair: tuple[Any, ...]) -> None:
        if not isinstance(name, str) or not name or name in self._taken:
            raise ValueError(
                f"{self.where}: functions must have names that can be arguments beside "
                f"{', '.join(self._taken)}, got {name!r}; a file holds names alone: give it another "
                "__name__ before it is used"
            )
        known = self._known.setdefault(name, pair)
        if not all(map(_same, known, pair)):
            raise ValueError(
                f"{self.where}: functions must have names that differ, got {name!r} for two of "
                "them; a file holds names alone: write each with def, under a name of its own"
            )


def _same(one: Any, other: Any) -> bool:
    """Whether both are one object; methods are made anew each time they are asked for."""
    both_methods = isinstance(one, MethodType) and isinstance(other, MethodType)
    return one is other or (both_methods and bool(one == other))


def find(name: Any, functions: Mapping[str, Any], kind: str = "function", give: str = "...") -> Any:
    """What was given under a name that a checkpoint holds."""
    if name not in functions:
        raise LookupError(
            f"{name} must be given, because the checkpoint used a {kind} of that "
            f"name and files hold no code; call Trainer.resume(path, {name}={give})"
        )
    return functions[name]
