"""Learning rates that change from step to step.

A schedule is called with the number of updates done so far, an integer or an array of them, and
returns the learning rate of the next update. Give one to an optimiser as its ``lr``.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from fastnn._checks import check_count, check_not_negative, check_positive, check_real
from fastnn._config import Configured

Array = NDArray[np.float64]


class Schedule(Configured):
    """Base of all schedules: subclasses say the rate for an array of steps.

    Examples
    --------
    >>> schedule = Step(0.1, step_size=10, gamma=0.5)
    >>> schedule(25)
    0.025
    """

    @overload
    def __call__(self, step: int) -> float: ...
    @overload
    def __call__(self, step: NDArray[Any]) -> Array: ...
    def __call__(self, step: Any) -> Any:
        """The learning rate at a step (0-based), or at each of an array of steps."""
        steps = np.asarray(step)
        name = type(self).__name__
        if steps.dtype.kind not in "iu":
            raise TypeError(f"{name}: step must be an integer >= 0, got {step!r}")
        if (steps < 0).any():
            raise ValueError(f"{name}: step must be an integer >= 0, got {steps.min()}")
        # As one row, whatever the shape: NumPy's power of a lone number may round otherwise than that
        # of an array (by one unit in the last place, AVX-512), and a resumed run asks for other rows.
        row = steps.astype(np.float64).reshape(-1)
        rates = np.broadcast_to(np.asarray(self.rates(row), np.float64), row.shape)
        return rates.reshape(steps.shape).copy() if steps.ndim else float(rates[0])

    @abstractmethod
    def rates(self, steps: Array) -> Array:
        """The learning rate at each of ``steps``, numbers >= 0."""


class Constant(Schedule):
    """The same rate at every step.

    Parameters
    ----------
    lr : float, > 0

    Examples
    --------
    >>> Constant(0.1)(1000)
    0.1
    """

    def __init__(self, lr: float) -> None:
        check_positive("Constant", "lr", lr)
        self.lr = lr

    def rates(self, steps: Array) -> Array:
        return np.full(steps.shape, float(self.lr))


class Step(Schedule):
    """Multiplied by ``gamma`` every ``step_size`` steps.

    Parameters
    ----------
    lr : float, > 0
        At the first step.
    step_size : int, >= 1
    gamma : float, > 0

    Examples
    --------
    >>> Step(1.0, step_size=2, gamma=0.5)(np.arange(5))
    array([1.  , 1.  , 0.5 , 0.5 , 0.25])
    """

    def __init__(self, lr: float, step_size: int, gamma: float = 0.1) -> None:
        check_positive("Step", "lr", lr)
        check_count("Step", "step_size", step_size)
        check_positive("Step", "gamma", gamma)
        self.lr = lr
        self.step_size = step_size
        self.gamma = gamma

    def rates(self, steps: Array) -> Array:
        return np.asarray(self.lr * self.gamma ** (steps // self.step_size))


class Exponential(Schedule):
    """Multiplied by ``gamma`` at every step.

    Parameters
    ----------
    lr : float, > 0
        At the first step.
    gamma : float, > 0

    Examples
    --------
    >>> Exponential(1.0, gamma=0.5)(np.arange(4))
    array([1.   , 0.5  , 0.25 , 0.125])
    """

    def __init__(self, lr: float, gamma: float) -> None:
        check_positive("Exponential", "lr", lr)
        check_positive("Exponential", "gamma", gamma)
        self.lr = lr
        self.gamma = gamma

    def rates(self, steps: Array) -> Array:
        return np.asarray(self.lr * self.gamma**steps)


class Cosine(Schedule):
    """Half a cosine from ``lr`` down to ``min`` in ``total`` steps, then ``min``.

    ``min + (lr - min) (1 + cos(pi step / total)) / 2``

    Parameters
    ----------
    lr : float, > 0
        At the first step.
    total : int, >= 1
        Steps of the descent.
    min : float, >= 0

    Source
    ------
    Loshchilov and Hutter, SGDR: stochastic gradient descent with warm restarts, ICLR (2017).

    Examples
    --------
    >>> Cosine(1.0, total=2)(np.arange(4)).round(6)
    array([1. , 0.5, 0. , 0. ])
    """

    def __init__(self, lr: float, total: int, min: float = 0.0) -> None:
        check_positive("Cosine", "lr", lr)
        check_count("Cosine", "total", total)
        check_not_negative("Cosine", "min", min)
        self.lr = lr
        self.total = total
        self.min = min

    def rates(self, steps: Array) -> Array:
        done = np.minimum(steps / self.total, 1.0)
        return _between(self.lr, self.min, done)


class WarmUp(Schedule):
    """Rises linearly for ``steps`` steps to where ``schedule`` begins, then follows it.

    Parameters
    ----------
    schedule : Schedule or float
        A float is a constant rate.
    steps : int, >= 1
        The rate at step i of them is ``schedule(0) (i + 1) / (steps + 1)``.

    Source
    ------
    Goyal et al., Accurate, large minibatch SGD: training ImageNet in 1 hour, arXiv:1706.02677
    (2017).

    Examples
    --------
    >>> WarmUp(Exponential(1.0, gamma=0.5), steps=3)(np.arange(6))
    array([0.25, 0.5 , 0.75, 1.  , 0.5 , 0.25])
    """

    def __init__(self, schedule: Any, steps: int) -> None:
        check_count("WarmUp", "steps", steps)
        if not isinstance(schedule, Schedule):
            rule = "a Schedule or a finite number > 0"
            check_real("WarmUp", "schedule", schedule, rule, lambda v: v > 0)
        self.schedule = schedule
        self.steps = steps

    def rates(self, steps: Array) -> Array:
        then = self.schedule if isinstance(self.schedule, Schedule) else Constant(self.schedule)
        after = then.rates(np.maximum(steps - self.steps, 0.0))
        return np.asarray(after * np.minimum((steps + 1) / (self.steps + 1), 1.0))


class OneCycle(Schedule):
    """Up to ``max_lr`` and down to almost nothing, both along a cosine.

    Parameters
    ----------
    max_lr : float, > 0
    total : int, >= 2
        Steps of the whole cycle; later steps keep the last rate.
    pct_start : float, > 0 and < 1
        Share of the steps that rise.
    div_factor : float, > 0
        The first rate is ``max_lr / div_factor``.
    final_div_factor : float, > 0
        The last rate is the first divided by this.

    Source
    ------
    Smith and Topin, Super-convergence: very fast training of neural networks using large learning
    rates, arXiv:1708.07120 (2017).

    Examples
    --------
    >>> OneCycle(1.0, total=11, pct_start=0.5)(np.array([0, 4, 10])).round(4)
    array([0.04  , 0.9711, 0.    ])
    """

    def __init__(
        self,
        max_lr: float,
        total: int,
        pct_start: float = 0.3,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
    ) -> None:
        check_positive("OneCycle", "max_lr", max_lr)
        check_count("OneCycle", "total", total, least=2)
        rule = "a number > 0 and < 1"
        check_real("OneCycle", "pct_start", pct_start, rule, lambda v: 0 < v < 1)
        check_positive("OneCycle", "div_factor", div_factor)
        check_positive("OneCycle", "final_div_factor", final_div_factor)
        self.max_lr = max_lr
        self.total = total
        self.pct_start = pct_start
        self.div_factor = div_factor
        self.final_div_factor = final_div_factor

    def rates(self, steps: Array) -> Array:
        first = self.max_lr / self.div_factor
        last = first / self.final_div_factor
        top = self.pct_start * self.total - 1  # the step of max_lr, not always a whole number
        up = np.clip(steps / top if top > 0 else np.ones_like(steps), 0.0, 1.0)
        down = np.clip((steps - top) / (self.total - 1 - top), 0.0, 1.0)
        rising = _between(first, self.max_lr, up)
        return np.where(steps <= top, rising, _between(self.max_lr, last, down))


CLASSES: tuple[type[Schedule], ...] = (Constant, Step, Exponential, Cosine, WarmUp, OneCycle)


def rates_of(lr: Any, first: int, n: int, most: float, where: str) -> Array:
    """The learning rates of ``n`` steps from step ``first`` on, checked.

    Parameters
    ----------
    lr : float or callable
        A callable gets the numbers of the steps, an int64 array (n,), and returns as many rates.
    first, n : int
    most : float
        The largest number of the model's dtype.
    where : str
        What an error begins with.

    Returns
    -------
    float64 array, shape (n,)

    Raises
    ------
    ValueError, TypeError
        If a schedule returns anything else than n numbers, or a rate is outside [0, most].

    Examples
    --------
    >>> rates_of(Step(1.0, step_size=2, gamma=0.5), 1, 3, 1e38, "here")
    array([1. , 0.5, 0.5])
    >>> rates_of(lambda steps: 0.1, 0, 3, 1e38, "here")
    Traceback (most recent call last):
    ValueError: here: lr must be a schedule that gives a rate for each step, shape (3,), got 0.1
    """
    if type(lr) is float and 0 <= lr <= most:  # at every step of a loop of one's own
        return np.full(n, lr)
    given = lr(np.arange(first, first + n)) if callable(lr) else np.full(n, lr)
    rule = f"{where}: lr must be a schedule that gives a rate for each step, shape ({n},)"
    try:
        rates = np.asarray(given)
    except ValueError:  # of rows of several lengths
        raise ValueError(f"{rule}, got {given!r}") from None
    if callable(lr) and rates.shape != (n,):
        raise ValueError(f"{rule}, got " + (f"shape {rates.shape}" if rates.ndim else repr(given)))
    if rates.dtype.kind not in "fiu":
        raise TypeError(f"{where}: lr must be numbers, got {rates.tolist()[0]!r}")
    rates = rates.astype(np.float64)
    wrong = ~((rates >= 0) & (rates <= most))
    if wrong.any():
        at = int(wrong.argmax())
        raise ValueError(
            f"{where}: lr must be in [0, {most:.2g}], got {rates[at]:g}"
            + (f" from {lr!r} at step {first + at}" if callable(lr) else "")
        )
    return rates


def _between(start: float, end: float, done: Array) -> Array:
    """Half a cosine from ``start`` to ``end``, of which the share ``done`` is over."""
    return np.asarray(end + (start - end) * (1 + np.cos(np.pi * done)) / 2)
