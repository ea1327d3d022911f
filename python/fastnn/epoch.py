"""How far an epoch is: what the core did in it is counted, whatever broke it off."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import starmap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastnn._core import Done


class Epoch:
    """Position in an epoch under way, and sums over the rows so far.

    Parameters
    ----------
    names : sequence of str
        What the core sums over rows: the loss and the metrics.

    Attributes
    ----------
    position : int
        Rows done where ``by_rows`` is true, else batches.
    sums : dict of str to float
        By name, with the "rows" they are over and "lr", the rate of the first step.
    seconds : float
        Spent in it.
    by_rows : bool
        True of a data set that the core gathers from.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)
        self.position = 0
        self.sums: dict[str, float] = {}
        self.seconds = 0.0
        self.by_rows = True
        self._done: list[Done] = []  # what the core did and was not yet counted: at most one result

    def run(self, call: Callable[..., Done], *arguments: Any) -> Done:
        """Steps in the core, counted whatever ends them."""
        try:
            # Ctrl-C that the core did not hear is raised as soon as Python goes on. `extend` puts
            # the result down before that, in C.
            self._done.extend(starmap(call, [arguments]))
            done = self._done[0]
        finally:
            self.settle()
        if (error := done.get("error")) is not None:
            raise error
        return done

    def settle(self) -> None:
        """Count what the core did last, unless that was done."""
        if not self._done:
            return
        (done,) = self._done
        sums = dict(self.sums)
        for name, value in zip(self._names, done["sums"], strict=True):
            sums[name] = value if self.by_rows else sums.get(name, 0.0) + value
        sums["rows"] = sums.get("rows", 0.0) + done["rows"]
        position = self.position + done["rows" if self.by_rows else "steps"]
        # One statement without calls: no signal comes between its parts.
        self.position, self.sums, self._done = position, sums, []

    def by_rows_from_here(self, rows: int) -> None:
        """Go on by rows, in a data set of so many."""
        done = self._rows()
        if done > rows:
            raise ValueError(self._other(f"data of at least {done} rows", f"{rows}"))
        self.position, self.by_rows = done, True

    def by_batches_from_here(self, batch_size: int | None = None, rows: int | None = None) -> None:
        """Go on by batches: of that size in a data set of so many rows, or as they come."""
        position, done = self.position, self._rows()
        if batch_size is None or rows is None:
            if position and self.by_rows:
                raise ValueError(self._other("the data set that it began with", "other batches"))
        elif done > rows:
            raise ValueError(self._other(f"data of at least {done} rows", f"{rows}"))
        elif done % batch_size and done != rows:
            rule = f"a batch_size that divides {done}, the rows that were done"
            raise ValueError(self._other(rule, f"{batch_size}"))
        else:
            position = -(-done // batch_size)
        self.position, self.by_rows = position, False

    def _rows(self) -> int:
        return int(self.sums.get("rows", 0))

    def _other(self, wanted: str, got: str) -> str:
        return (
            f"Trainer.fit: the epoch under way must go on with {wanted}, got {got}; or give it up by "
            "Trainer.drop_epoch()"
        )

    def in_order(self) -> list[float]:
        """The sums as the core continues them."""
        return [self.sums.get(name, 0.0) for name in self._names]

    def means(self) -> dict[str, float]:
        """Means over the rows so far."""
        rows = max(self.sums.get("rows", 0.0), 1.0)
        return {name: self.sums.get(name, 0.0) / rows for name in self._names}

    def state(self) -> dict[str, Any]:
        """Where the epoch stands, as JSON can hold it."""
        self.settle()
        return {
            "position": self.position,
            "by_rows": self.by_rows,
            "sums": self.sums,
            "seconds": self.seconds,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on where `state` was called."""
        self.position, self.sums = int(state["position"]), dict(state["sums"])
        self.seconds = float(state["seconds"])
        self.by_rows = bool(state.get("by_rows", self.position == self._rows()))
