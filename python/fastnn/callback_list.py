"""The callbacks of a fit as one: each is called in turn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from fastnn._checks import check_count
from fastnn.callbacks import Callback, Logs

if TYPE_CHECKING:
    from fastnn.epoch import Epoch
    from fastnn.trainer import Trainer


class CallbackList:
    """What ``Trainer.fit`` tells its callbacks.

    Parameters
    ----------
    given : list of Callback

    Raises
    ------
    TypeError
        If it is anything else.
    """

    def __init__(self, given: Any) -> None:
        text = "Trainer: callbacks must be a list of Callback"
        if isinstance(given, str) or not isinstance(given, Iterable):
            raise TypeError(f"{text}, got {given!r}")
        self._callbacks: list[Callback] = list(given)
        for callback in self._callbacks:
            if not isinstance(callback, Callback):
                raise TypeError(f"{text}, got {callback!r} in it")
            name, names = type(callback).__name__, callback.quantities
            check_count(name, "every", callback.every, 0)
            if isinstance(names, str) or not (
                isinstance(names, Sequence) and all(isinstance(n, str) for n in names)
            ):
                raise TypeError(f"{name}: quantities must be a list of str, got {names!r}")
        self._begun: list[Callback] = []  # who was told that the fit begins

    @property
    def quantities(self) -> list[str]:
        """What they add to the logs of an epoch."""
        return [name for callback in self._callbacks for name in callback.quantities]

    def steps_to_next(self, done: int, most: int) -> int:
        """Steps until one wants to be called, ``most`` at most, after ``done`` steps."""
        return min([most] + [c.every - done % c.every for c in self._callbacks if c.every])

    def on_fit_begin(self, trainer: Trainer) -> None:
        """Before the first epoch."""
        for callback in self._callbacks:
            self._begun.append(callback)
            callback.on_fit_begin(trainer)

    def on_epoch_begin(self, trainer: Trainer) -> None:
        """Before an epoch, also one that is continued."""
        for callback in self._callbacks:
            callback.on_epoch_begin(trainer)

    def on_steps(self, trainer: Trainer, epoch: Epoch, logs: Logs) -> None:
        """After some steps of an epoch: those are called whose turn it is."""
        for callback in self._callbacks:
            if callback.every and trainer.steps % callback.every == 0:
                epoch.untold = False  # not before: Ctrl-C until here is no call
                callback.on_step(trainer, logs)
        epoch.untold = False

    def on_epoch_end(self, trainer: Trainer, logs: Logs) -> None:
        """After an epoch and its validation."""
        for callback in self._callbacks:
            callback.on_epoch_end(trainer, logs)

    def on_fit_end(self, trainer: Trainer, error: BaseException | None = None) -> None:
        """Of every one that was told the begin; ``error``, which ended the training, is raised before
        their errors."""
        errors: list[BaseException] = []
        for callback in self._begun:
            try:
                callback.on_fit_end(trainer)
            except BaseException as its:
                errors.append(its)
        if errors and error is None:
            raise errors[0]
        if errors and error is not None:
            raise error from errors[0]
