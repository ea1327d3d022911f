"""Work done ahead, by threads beside the one that uses it."""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any, TypeVar

from fastnn import _core

Item = TypeVar("Item")

_NICE = 5  # below the training, which all cores may work for


def ahead(jobs: Iterable[Callable[[], Item]], count: int, workers: int) -> Iterator[Item]:
    """The results of ``jobs`` in their order, up to ``count`` of them made before they are asked for.

    The core works without the GIL, each job on one thread. An error of a job is raised where its
    result would have been given out. The threads end with the iterator, however it ends; only one
    whose start Ctrl-C broke off may outlast it, by one job.

    Parameters
    ----------
    jobs : iterable of callable
        Drawn from on the caller's thread, as results are taken.
    count : int, >= 1
    workers : int, >= 1
        Threads.

    Yields
    ------
    object

    Examples
    --------
    >>> list(ahead((lambda i=i: i * i for i in range(5)), 2, 1))
    [0, 1, 4, 9, 16]
    """
    from concurrent.futures import ThreadPoolExecutor  # here: `import fastnn` should not pay for it

    pool = ThreadPoolExecutor(min(workers, count), "fastnn-ahead", initializer=_beside)
    waiting: deque[Any] = deque()
    try:
        for job in jobs:
            waiting.append(pool.submit(job))
            if len(waiting) > count:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _beside() -> None:
    """This thread computes alone, and gives way to the training."""
    _core.stay_on_thread()
    if sys.platform == "linux":  # where a thread has a priority of its own
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
