"""How far an epoch is: what the core did in it is counted, whatever broke it off."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import starmap
from typing import TYPE_CHECKING, Any, NamedTuple

from fastnn._checks import check_count

if TYPE_CHECKING:
    from fastnn._core import Done


class Way(NamedTuple):
    """How a pass goes over the rest of an epoch, see `Epoch`."""

    position: int  # where it stands, in rows or batches
    by_rows: bool
    samples: int | None


class Epoch:
    """Position in an epoch under way, and sums over the rows so far.

    Parameters
    ----------
    names : sequence of str
        What the core sums over rows: the loss and the metrics.

    Attributes
    ----------
    position : int
        Rows done where the core gathers them from a data set, else batches.
    sums : dict of str to float
        By name, with the "rows" they are over and "lr", the rate of the first step.
    seconds : float
        Spent in it.
    samples : int or None
        Of the data set it goes over; None of other batches, and before the first step.
    rate : float
        Of the step that comes: the epoch's "lr" once its first step is done.
    untold : bool
        Whether steps are done of which no callback heard.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)
        self.position = 0
        self.sums: dict[str, float] = {}
        self.seconds = 0.0
        self.samples: int | None = None
        self.rate = 0.0
        self.untold = False
        self._way = Way(0, True, None)  # of the pass that runs, or ran last
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
        if not done["steps"]:  # a pass counts from its first step on
            self._done = []
            return
        position, by_rows, samples = self._way
        sums = dict(self.sums)
        for name, value in zip(self._names, done["sums"], strict=True):
            sums[name] = value if by_rows else sums.get(name, 0.0) + value
        sums["rows"] = sums.get("rows", 0.0) + done["rows"]
        sums.setdefault("lr", self.rate)
        position += done["rows" if by_rows else "steps"]
        way = Way(position, by_rows, samples)
        # One statement without calls: no signal comes between its parts.
        self._way, self.position, self.samples, self.sums, self.untold, self._done = (
            way, position, samples, sums, True, [],
        )  # fmt: skip

    @property
    def rows(self) -> int:
        """Rows done, whatever ``position`` counts."""
        return int(self.sums.get("rows", 0))

    def by_rows(self, samples: int) -> Way:
        """The rest from a data set of so many samples, by rows; raise where it cannot come from it."""
        self._check(samples, samples)
        return Way(self.rows, True, samples)

    def by_batches(self, samples: int, rows: int, batch_size: int) -> Way:
        """The rest from such a data set, of which a pass has so many rows, by batches."""
        self._check(samples, rows)
        done = self.rows
        if done % batch_size and done != rows:
            raise self.does_not_meet(f"some of {batch_size}")
        return Way(-(-done // batch_size), False, samples)

    def by_stream(self, is_spent: bool) -> Way:
        """The rest from batches of which nobody knows the number."""
        if self.rows and self.samples is not None:
            raise self._refused(f"the data set of {self.samples} samples", "other batches")
        if self.rows and is_spent:
            raise self._refused("batches that can be passed over again", "an iterator")
        return Way(self.position, False, None)

    def go_on(self, way: Way) -> None:
        """The steps that come are of a pass that goes this way."""
        self._way = way

    def _check(self, samples: int, rows: int) -> None:
        """Raise unless a pass over such a data set, of so many rows, has those done in it."""
        if self.rows and self.samples not in (None, samples):
            raise self._refused(f"the data set of {self.samples} samples", f"one of {samples}")
        if self.rows > rows:
            raise self._refused(f"at least {self.rows} rows, those done", f"{rows} in a pass")

    def does_not_meet(self, got: str) -> ValueError:
        """The error of batches of which none ends at the last row that was done."""
        return self._refused(f"batches that meet at row {self.rows}, the last done", got)

    def _refused(self, wanted: str, got: str) -> ValueError:
        return ValueError(
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
            "samples": self.samples,
            "sums": self.sums,
            "seconds": self.seconds,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on where `state` was called."""
        self.position = check_count("Trainer.restore", "position", state["position"], 0)
        samples = state.get("samples")
        self.samples = (
            None if samples is None else check_count("Trainer.restore", "samples", samples)
        )
        self.sums, self.seconds = dict(state["sums"]), float(state["seconds"])
