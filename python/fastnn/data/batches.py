"""Batches: passes over a data set in an order that a seed decides."""

from __future__ import annotations

import operator
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fastnn import _core
from fastnn._checks import check_count, check_seed
from fastnn.data.augmented import Augmented
from fastnn.data.column import Real
from fastnn.data.dataset import SHUFFLE_STREAM, Dataset
from fastnn.data.prefetch import ahead
from fastnn.data.samples import Batch

_AHEAD = 4  # batches that are ready or in the making: a slow one is made up for by those before it


def _spare_cores() -> int:
    """Cores that no thread of the training works on."""
    return max(0, _core.available_cpus() - _core.get_num_threads())


def _ahead_of(dataset: Any) -> int:
    """How many batches to make ahead where nobody says.

    Where the training fills all cores, threads beside it only delay those that it waits for: a step
    of 784-512-512-10 with its images changed took 3.2 ms when both of two cores made each batch
    first, 4.2 ms with 4 batches ahead; with a core to spare, 4.8 ms ahead instead of 6.2.
    """
    if not isinstance(dataset, Augmented):
        return 0
    in_memory = isinstance(dataset.dataset, Dataset)  # others may wait for files
    return 0 if in_memory and not _spare_cores() else _AHEAD


class Gathers(Protocol):
    """What batches are drawn from: a Dataset, or samples of another library."""

    def __len__(self) -> int: ...

    def gather(self, numbers: NDArray[np.int64], dtype: Any = None) -> Batch: ...


class Source(ABC):
    """Something to iterate over once per epoch, whose position can be saved.

    Attributes
    ----------
    epoch : int
        Number of the pass under way, or of the next one.
    position : int
        Batches given out in that pass.
    samples, batches : int or None
        Samples and batches of one pass, None where nobody knows.
    """

    samples: int | None = None
    batches: int | None = None

    def __init__(self) -> None:
        self.epoch = 0
        self.position = 0
        self._continues = False

    @abstractmethod
    def _pass(self, epoch: int, position: int) -> Iterator[Batch]:
        """The batches of one pass from the given position on."""

    def __iter__(self) -> Generator[Batch, None, None]:
        if self.position and not self._continues:  # the last pass was left early
            self.epoch, self.position = self.epoch + 1, 0
        self._continues = False
        for batch in self._pass(self.epoch, self.position):
            self.position += 1
            yield batch
        self.epoch, self.position = self.epoch + 1, 0

    def state(self) -> dict[str, int]:
        """Where it stands: ``{"epoch": ..., "position": ...}``, position in batches given out."""
        if self.batches is not None and self.position == self.batches:
            return {"epoch": self.epoch + 1, "position": 0}
        return {"epoch": self.epoch, "position": self.position}

    def set_state(self, state: dict[str, int]) -> None:
        """Go on where ``state()`` was called: the next pass begins there."""
        try:
            epoch, position = operator.index(state["epoch"]), operator.index(state["position"])
        except (TypeError, KeyError):
            raise ValueError(
                f"{type(self).__name__}.set_state: state must hold the integers epoch and position, "
                f"got {state!r}"
            ) from None
        most = self.batches
        if epoch < 0 or position < 0 or most is not None and position > most:
            raise ValueError(
                f"{type(self).__name__}.set_state: state must have epoch >= 0 and position >= 0"
                f"{'' if most is None else f', {most} at most'}, got {state!r}"
            )
        self.epoch, self.position, self._continues = epoch, position, True


class Batches(Source):
    """Batches ``(x, y)`` of a data set, in a new order at each pass.

    The order is a function of ``seed`` and the number of the pass alone, so a run can be repeated,
    and continued from ``state()``.

    Parameters
    ----------
    dataset : Dataset or Augmented
        At least 1 sample.
    batch_size : int, >= 1
        Samples per batch; the last batch of a pass holds what is left.
    shuffle : bool
        Draw a new order for each pass, else keep the order of the data set.
    seed : int, >= 0
        Decides the orders.
    drop_last : bool
        Leave out a last batch that is short.
    dtype : "float32" or "float64", optional
        Of the real arrays; by default as ``Dataset.x`` has it.
    prefetch : int, >= 0, optional
        Batches made ahead, on threads beside the one that takes them; 0: each is made when it is
        asked for, by all threads. By default 4 of an ``Augmented`` data set, if it leaves cores to spare
        (`fastnn.set_num_threads` below the number of cores) or its samples are not arrays in memory; else 0.

    Attributes
    ----------
    waited : float
        Seconds that were spent waiting for batches so far (or making them, without ``prefetch``).

    Raises
    ------
    ValueError
        If there are no samples or ``batch_size`` is out of range.
    TypeError
        If ``batch_size`` is not an integer.

    Examples
    --------
    >>> from fastnn.data import Dataset
    >>> batches = Batches(Dataset(np.arange(5)), 2, seed=1)
    >>> [x.tolist() for x, y in batches]
    [[3, 1], [4, 2], [0]]
    >>> len(batches), batches.epoch
    (3, 1)
    """

    def __init__(
        self,
        dataset: Gathers,
        batch_size: int,
        *,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
        dtype: Real | None = None,
        prefetch: int | None = None,
    ) -> None:
        super().__init__()
        if not hasattr(dataset, "gather"):
            raise TypeError(
                "Batches: dataset must be a Dataset or Augmented, "
                f"got {type(dataset).__name__}; make one, data.Dataset(x, y)"
            )
        count = len(dataset)
        self.batch_size = check_count("Batches", "batch_size", batch_size)
        if count < 1:
            raise ValueError("Batches: dataset must have at least 1 sample, got 0")
        if drop_last and count < batch_size:
            raise ValueError(
                f"Batches: batch_size must be at most {count}, the number of samples, because "
                f"drop_last leaves out short batches, got {batch_size}"
            )
        check_seed("Batches", seed)
        if dtype not in (None, "float32", "float64"):
            raise ValueError(f"Batches: dtype must be float32, float64 or None, got {dtype!r}")
        self.dataset = dataset
        self.shuffle = shuffle
        self.seed = int(seed)
        self.drop_last = drop_last
        self.dtype = dtype
        if prefetch is None:
            prefetch = _ahead_of(dataset)
        self.prefetch = check_count("Batches", "prefetch", prefetch, 0)
        self.waited = 0.0
        self.batches = count // self.batch_size if drop_last else -(-count // self.batch_size)
        self.samples = min(count, self.batches * self.batch_size)

    def __len__(self) -> int:
        assert self.batches is not None
        return self.batches

    def order(self, epoch: int) -> NDArray[np.int64]:
        """Sample numbers in the order of pass ``epoch``, those of ``drop_last`` left out."""
        count = len(self.dataset)
        order: NDArray[np.int64] = (
            _core.random_permutation(self.seed, SHUFFLE_STREAM, epoch, count)
            if self.shuffle
            else np.arange(count, dtype=np.int64)
        )
        return order[: self.samples]

    def _pass(self, epoch: int, position: int) -> Iterator[Batch]:
        jobs = self._jobs(epoch, position)
        if self.prefetch:
            batches = ahead(jobs, self.prefetch, _spare_cores() or _core.get_num_threads())
        else:
            batches = (job() for job in jobs)
        while True:
            began = time.perf_counter()
            try:
                batch = next(batches)
            except StopIteration:
                return
            finally:
                self.waited += time.perf_counter() - began
            yield batch

    def _jobs(self, epoch: int, position: int) -> Iterator[Callable[[], Batch]]:
        """What makes each batch of a pass, from the given one on."""
        data, order = self.dataset, self.order(epoch)
        gather = partial(data.gather, epoch=epoch) if isinstance(data, Augmented) else data.gather
        for begin in range(position * self.batch_size, len(order), self.batch_size):
            yield partial(gather, order[begin : begin + self.batch_size], self.dtype)
