"""Passes over data: checks, training, evaluation; a data set in the core, or batches from Python."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from typing import Any

import numpy as np

from fastnn.callback_list import CallbackList
from fastnn.data import Batches, Dataset
from fastnn.data.batches import Source
from fastnn.data.samples import Batch
from fastnn.data.sources import Stream
from fastnn.diagnosis import explain
from fastnn.epoch import Epoch, Way
from fastnn.objective import Objective
from fastnn.targets import parts_of

Prepare = Callable[[Any], Objective]  # for targets of this kind, under the settings of the moment
Rates = Callable[[int], Any]  # learning rates of the next n steps
Steps = Generator[None, None, None]

# The core returns at least this often, so that the bar moves and Ctrl-C is heard.
_SECONDS = 0.1
_MOST_STEPS = 1 << 16
_FIRST = np.zeros(1, np.int64)  # a batch of one, to see what targets are like


class Passes(ABC):
    """What a trainer does with data, one pass after the other."""

    def __init__(self, prepare: Prepare) -> None:
        self._prepare = prepare
        self._sizes: set[int] = set()  # of batches that all layers take

    @abstractmethod
    def check(self, where: str) -> None:
        """Raise unless data fit, as far as no batch must be made to see it."""

    @abstractmethod
    def check_early(self, where: str) -> None:
        """Raise unless data fit, long before their turn comes: a first batch may be made."""

    @abstractmethod
    def way(self, epoch: Epoch) -> Way:
        """How the rest of an epoch goes over these data; raise where it cannot."""

    @abstractmethod
    def train(self, epoch: Epoch, number: int, rates: Rates, callbacks: CallbackList) -> Steps:
        """The steps of the rest of epoch ``number``; yields whenever the core has returned."""

    @abstractmethod
    def evaluate(self) -> dict[str, float]:
        """Loss and metrics, means over samples."""

    def _check_size(self, objective: Objective, rows: int, epoch: Epoch) -> None:
        """Raise where a layer does not take a batch of so many rows, before its turn comes."""
        try:
            objective.core.plan_info(rows)  # the plan stays, for that batch
        except ValueError as error:
            if not epoch.rows:
                raise
            # What is left of the epoch may make such a batch whatever its size is to be.
            raise ValueError(
                f"{error}, or give the epoch under way up by Trainer.drop_epoch()"
            ) from None
        self._sizes.add(rows)


def passes_over(source: Source, dtype: str, prepare: Prepare) -> Passes:
    """Passes over a source for a model of this dtype, in the core where all is in memory."""
    if isinstance(source, Batches) and isinstance(source.dataset, Dataset) and not source.drop_last:
        return InMemory(source, source.dataset, dtype, prepare)
    return Streamed(source, prepare)


class InMemory(Passes):
    """Of a data set: many steps are one call, and the core gathers the rows."""

    def __init__(self, source: Batches, data: Dataset, dtype: str, prepare: Prepare) -> None:
        super().__init__(prepare)
        self._source, self._data, self._dtype = source, data, dtype
        _, self._first = data.gather(_FIRST, dtype)

    def check(self, where: str) -> None:
        self._prepare(self._first).check_dataset(self._data, where)

    check_early = check

    def way(self, epoch: Epoch) -> Way:
        way = epoch.by_rows(len(self._data))
        last = (len(self._data) - epoch.rows) % self._source.batch_size
        if last and last not in self._sizes:
            self._check_size(self._prepare(self._first), last, epoch)
        return way

    def train(self, epoch: Epoch, number: int, rates: Rates, callbacks: CallbackList) -> Steps:
        data, batch = self._data, self._source.batch_size
        numbers = self._source.order(number)
        order = data.rows(numbers)
        epoch.go_on(self.way(epoch))
        while epoch.rows < len(order):
            objective = self._prepare(self._first)
            feeds = objective.dataset_feeds(data, "Trainer.fit")
            left = -(-(len(order) - epoch.rows) // batch)
            most = min(left, _MOST_STEPS)
            steps = callbacks.steps_to_next(objective.core.step_counter, most)
            stretch = order[epoch.rows : epoch.rows + steps * batch]
            done = epoch.run(
                objective.core.run, feeds, stretch, batch, rates(steps), _SECONDS, epoch.in_order()
            )
            if done["stop"] == "not finite":
                objective.targets.check_dataset(data, "Trainer.fit", again=True)
                at = numbers[epoch.rows : epoch.rows + batch]
                x, y = data.gather(at, self._dtype)
                step = objective.core.step_counter
                explain(objective, x, y, at, "Trainer.fit", number, step)
            yield

    def evaluate(self) -> dict[str, float]:
        return self._prepare(self._first).evaluate_dataset(self._data, self._source.batch_size)


class Streamed(Passes):
    """Of anything else: one batch after the other."""

    def __init__(self, source: Source, prepare: Prepare) -> None:
        super().__init__(prepare)
        self._source = source
        self._last = 0  # rows of a last batch that is known to be short
        if isinstance(source, Batches) and not source.drop_last:
            self._last = len(source.dataset) % source.batch_size

    def check(self, where: str) -> None:
        """Each batch is looked at when it comes."""

    def check_early(self, where: str) -> None:
        """Raise unless the first batch fits, of what can be begun again."""
        source = self._source
        if isinstance(getattr(source, "source", None), Iterator):
            return
        state = source.state()
        batch = next(iter(source), None)
        source.set_state(state)
        if batch is None:
            raise ValueError(f"{where}: data must give at least 1 batch, got none")
        self._prepare(batch[1]).feeds(*batch, where)

    def way(self, epoch: Epoch) -> Way:
        source = self._source
        if isinstance(source, Batches):
            rows = len(source) * source.batch_size if source.drop_last else len(source.dataset)
            return epoch.by_batches(len(source.dataset), rows, source.batch_size)
        return epoch.by_stream(isinstance(getattr(source, "source", None), Iterator))

    def train(self, epoch: Epoch, number: int, rates: Rates, callbacks: CallbackList) -> Steps:
        source, way = self._source, self.way(epoch)
        epoch.go_on(way)
        skips = isinstance(source, Stream)  # who does not know how many rows a batch has
        source.set_state({"epoch": number, "position": 0 if skips else way.position})
        with closing(iter(source)) as batches:
            for x, y in _rest(batches, epoch) if skips else batches:
                objective = self._prepare(y)
                feeds, rows = objective.feeds(x, y, "Trainer.fit")
                if rows not in self._sizes:
                    for size in (rows, self._last or rows):
                        self._check_size(objective, size, epoch)
                done = epoch.run(objective.core.step, feeds, rows, rates(1)[0], True)
                if done["stop"] == "not finite":
                    step = objective.core.step_counter
                    explain(objective, x, y, None, "Trainer.fit", number, step)
                yield

    def evaluate(self) -> dict[str, float]:
        total: Any = 0.0
        rows = 0
        with closing(self._first_pass()) as batches:
            for x, y in batches:
                objective = self._prepare(y)
                feeds, n = objective.feeds(x, y, "Trainer.evaluate")
                total, rows = total + objective.sums(feeds, n), rows + n
        if not rows:
            raise ValueError("Trainer.evaluate: data must give at least 1 batch, got none")
        return objective.results(total / rows)

    def _first_pass(self) -> Generator[tuple[Any, Any], None, None]:
        """The batches, and of a data set the same at each time: augmented as in epoch 0."""
        source = self._source
        if not isinstance(source, Batches):
            yield from source
            return
        state = source.state()
        source.set_state({"epoch": 0, "position": 0})
        try:
            yield from source
        finally:
            source.set_state(state)


def _rest(batches: Iterable[Batch], epoch: Epoch) -> Iterator[Batch]:
    """What is left of the batches of a stream after the rows that were done."""
    done, seen = epoch.rows, 0
    for x, y in batches:
        if seen >= done:
            yield x, y
            continue
        seen += len(parts_of(x)[0])
        if seen > done:
            break
    if seen != done:
        raise epoch.does_not_meet(f"row {seen}")
