"""What happens between epochs and steps: early stopping, checkpoints, logs, and one's own."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from string import Formatter
from typing import TYPE_CHECKING, Any

import numpy as np

from fastnn._checks import check_count, check_flag, check_real, is_one_of
from fastnn.atomic import check_writable, file_name, write_whole
from fastnn.history import falls

if TYPE_CHECKING:
    from fastnn.trainer import Trainer

Logs = dict[str, float]


class Callback:
    """Methods that ``Trainer.fit`` calls; a subclass overrides those it needs.

    What a callback remembers is its own: a checkpoint of the trainer does not hold it.

    Attributes
    ----------
    every : int, >= 0
        ``on_step`` is called each time this many steps are done; 0: never.
    quantities : sequence of str
        Names that its ``on_epoch_end`` adds to the logs, where a callback behind it watches one.

    Examples
    --------
    >>> import fastnn as fnn
    >>> class Print(Callback):
    ...     def on_epoch_end(self, trainer, logs):
    ...         print(trainer.epoch, sorted(logs))
    >>> trainer = fnn.Trainer(fnn.Model([fnn.nn.Dense(1)], input_shape=(1,)), "mse")
    >>> history = trainer.fit(([[1.0]], [[2.0]]), epochs=2, callbacks=[Print()], verbose=0)
    1 ['loss', 'lr', 'seconds']
    2 ['loss', 'lr', 'seconds']
    """

    every: int = 0
    quantities: Sequence[str] = ()

    def on_fit_begin(self, trainer: Trainer) -> None:
        """Before the first epoch.

        Parameters
        ----------
        trainer : Trainer
            The one that fits, here and below.
        """

    def on_epoch_begin(self, trainer: Trainer) -> None:
        """Before an epoch, also one that is continued.

        Parameters
        ----------
        trainer : Trainer
        """

    def on_step(self, trainer: Trainer, logs: Logs) -> None:
        """After every ``every`` steps.

        Where Ctrl-C came before the first callback of a step was called, the trainer's next ``fit``
        calls them first; that of `Trainer.resume` does not. Where it came inside of one, those
        behind it are not called for that step.

        Parameters
        ----------
        trainer : Trainer
        logs : dict of str to float
            Loss and metrics, means over the epoch so far.
        """

    def on_epoch_end(self, trainer: Trainer, logs: Logs) -> None:
        """After an epoch and its validation.

        Parameters
        ----------
        trainer : Trainer
        logs : dict of str to float
            What the history gained: loss and metrics, "val_" and each of them where there is
            validation data, "lr", "seconds".
        """

    def on_fit_end(self, trainer: Trainer) -> None:
        """When ``fit`` ends, also by an exception or Ctrl-C: then ``trainer.completed`` is False.

        Each callback whose `on_fit_begin` was called hears of it, also where that one, or that of a
        later callback, ended the fit.

        Parameters
        ----------
        trainer : Trainer
        """


class LambdaCallback(Callback):
    """Functions as a callback.

    Parameters
    ----------
    on_epoch_end, on_step : callable ``(trainer, logs)``, optional
        Called as the methods of `Callback` are.
    every : int, >= 0
        Steps between calls of ``on_step``; 0: it is not called.

    Examples
    --------
    >>> import fastnn as fnn
    >>> trainer = fnn.Trainer(fnn.Model([fnn.nn.Dense(1)], input_shape=(1,)), "mse")
    >>> tell = LambdaCallback(on_step=lambda trainer, logs: print(trainer.steps), every=2)
    >>> history = trainer.fit(([[1.0]] * 5, [[2.0]] * 5), 1, 1, callbacks=[tell], verbose=0)
    2
    4
    """

    def __init__(
        self,
        on_epoch_end: Callable[[Any, Logs], None] | None = None,
        on_step: Callable[[Any, Logs], None] | None = None,
        every: int = 1,
    ) -> None:
        self._epoch_end, self._step = on_epoch_end, on_step
        self.every = every if on_step else 0

    def on_step(self, trainer: Trainer, logs: Logs) -> None:
        if self._step:
            self._step(trainer, logs)

    def on_epoch_end(self, trainer: Trainer, logs: Logs) -> None:
        if self._epoch_end:
            self._epoch_end(trainer, logs)


class _Monitor(Callback):
    """Watches one quantity of the logs for its best value."""

    def __init__(self, monitor: str, mode: str, min_delta: float = 0.0) -> None:
        name = type(self).__name__
        if not is_one_of(mode, ("auto", "min", "max")):
            raise ValueError(f"{name}: mode must be 'auto', 'min' or 'max', got {mode!r}")
        check_real(name, "min_delta", min_delta, "a finite number", lambda _: True)
        self.monitor, self.mode, self.min_delta = monitor, mode, abs(min_delta)
        smaller = falls(monitor) if mode == "auto" else mode == "min"
        self._sign = -1.0 if smaller else 1.0
        self.best = -np.inf * self._sign

    def check_monitor(self, known: Iterable[str]) -> None:
        """Raise unless what is watched is among these quantities."""
        if self.monitor not in known:
            raise ValueError(
                f"{type(self).__name__}: monitor must be one of {', '.join(known)}, "
                f"got {self.monitor!r}{_missing(self.monitor, known)}"
            )

    def improved(self, logs: Logs) -> bool:
        """Whether this epoch's value is the best so far (then it is remembered)."""
        self.check_monitor(logs)
        value = float(logs[self.monitor])
        if (value - self.best) * self._sign > self.min_delta:
            self.best = value
            return True
        return False


def _missing(wanted: Any, known: Iterable[str]) -> str:
    """What to do about a quantity that a fit does not have."""
    if not str(wanted).startswith("val_"):
        return "; a callback that adds it to the logs names it in its quantities"
    if any(name.startswith("val_") for name in known):
        return ""
    return "; give fit validation data for the val_ quantities"


class EarlyStopping(_Monitor):
    """Stops when a quantity has not improved for ``patience`` epochs.

    It looks at the epochs of one ``fit`` only: each one, after Ctrl-C and `Trainer.resume` too,
    begins with nothing best and nothing waited for.

    Parameters
    ----------
    monitor : str
        A key of the history, or one of `Callback.quantities` of a callback before this one.
    patience : int, >= 0
        Epochs without improvement that are borne.
    min_delta : float
        What counts as improvement.
    mode : {"auto", "min", "max"}
        "auto": losses and errors fall ("loss", "val_mae" ...), anything else rises.
    restore_best : bool
        Give the model the weights of the best epoch when the fit ends by itself. After an
        exception or Ctrl-C they stay as they are, so that the run can be continued. The
        optimiser's moments are those of the last epoch either way.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of its range or of the wrong kind; when a fit begins, if it will have
        no such quantity.

    Source
    ------
    Prechelt, Early stopping - but when?, in Neural networks: tricks of the trade (1998).

    Examples
    --------
    >>> import fastnn as fnn
    >>> trainer = fnn.Trainer(fnn.Model([fnn.nn.Dense(1, init=3.0)], input_shape=(1,)), "mse")
    >>> data = ([[1.0]], [[3.0]])  # learned before the first step: nothing can improve
    >>> stop = EarlyStopping(monitor="loss", patience=2)
    >>> trainer.fit(data, epochs=100, callbacks=[stop], verbose=0).epochs
    4
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        patience: int = 5,
        min_delta: float = 0.0,
        mode: str = "auto",
        restore_best: bool = True,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.patience = check_count("EarlyStopping", "patience", patience, 0)
        self.restore_best = check_flag("EarlyStopping", "restore_best", restore_best)
        self.waited = 0
        self._theta: Any = None
        self._states: Any = None

    def on_fit_begin(self, trainer: Trainer) -> None:
        self.check_monitor(trainer.quantities)  # before an epoch is spent, not after
        self.waited, self.best = 0, -np.inf * self._sign
        self._theta = self._states = None

    def on_epoch_end(self, trainer: Trainer, logs: Logs) -> None:
        if self.improved(logs):
            self.waited = 0
            if self.restore_best:
                self._theta = trainer.model.theta.copy()
                self._states = trainer.model.state_vector.copy()
            return
        self.waited += 1
        if self.waited > self.patience:
            trainer.stop = True

    def on_fit_end(self, trainer: Trainer) -> None:
        if trainer.completed and self._theta is not None:
            trainer.model.theta[...] = self._theta
            trainer.model.state_vector[...] = self._states


class ModelCheckpoint(_Monitor):
    """Saves the model after each epoch, or only after the best that this object has seen.

    Parameters
    ----------
    path : str or path
        File; ``{epoch}`` and keys of the history are filled in (``"m-{epoch}-{val_loss:.3f}.fnn"``).
    monitor : str
        As in `EarlyStopping`: what is best is judged by it.
    save_best_only : bool
        Save only after an epoch that is better than all before.
    mode : {"auto", "min", "max"}
        As in `EarlyStopping`.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of its range or of the wrong kind; when a fit begins, if ``path``, or
        ``monitor`` where the best is sought, names no quantity of it.
    OSError
        When training, if the file cannot be written.

    Examples
    --------
    >>> import fastnn as fnn, os, tempfile
    >>> folder = tempfile.mkdtemp()
    >>> keep = ModelCheckpoint(os.path.join(folder, "after-{epoch}.fnn"))
    >>> trainer = fnn.Trainer(fnn.Model([fnn.nn.Dense(1)], input_shape=(1,)), "mse")
    >>> history = trainer.fit(([[1.0]], [[2.0]]), epochs=2, callbacks=[keep], verbose=0)
    >>> sorted(os.listdir(folder))
    ['after-1.fnn', 'after-2.fnn']
    """

    def __init__(
        self,
        path: Any,
        monitor: str = "val_loss",
        save_best_only: bool = False,
        mode: str = "auto",
    ) -> None:
        super().__init__(monitor, mode)
        self.save_best_only = check_flag("ModelCheckpoint", "save_best_only", save_best_only)
        self.path = path
        self._pattern = file_name(path, "ModelCheckpoint")
        try:
            list(Formatter().parse(self._pattern))
        except ValueError as error:  # of a brace without its partner
            raise ValueError(
                f"ModelCheckpoint: path must be a text for str.format, got {path!r} ({error})"
            ) from None

    def on_fit_begin(self, trainer: Trainer) -> None:
        known = trainer.quantities
        check_writable(self._name(1, dict.fromkeys(known, 0.5)), "ModelCheckpoint")
        if self.save_best_only:
            self.check_monitor(known)

    def on_epoch_end(self, trainer: Trainer, logs: Logs) -> None:
        if self.save_best_only and not self.improved(logs):
            return
        trainer.model.save(self._name(trainer.epoch, logs))

    def _name(self, epoch: int, logs: Logs) -> str:
        try:
            return self._pattern.format(epoch=epoch, **logs)
        except (LookupError, ValueError, AttributeError) as error:
            to_do = _missing(error.args[0], logs) if isinstance(error, KeyError) else ""
            raise ValueError(
                "ModelCheckpoint: path must hold epoch and quantities of the fit as str.format "
                f"takes them, of {', '.join(logs)}, got {self.path!r} with {error}{to_do}"
            ) from None


class Checkpoint(Callback):
    """Saves the trainer, so that `Trainer.resume` continues from here bit for bit.

    Parameters
    ----------
    path : str or path
        Replaced each time, once the new file is complete.
    every : int, >= 0
        Also every so many steps inside an epoch; 0: at the ends of epochs alone.

    Raises
    ------
    OSError
        When training, if the file cannot be written.

    Examples
    --------
    >>> import fastnn as fnn, os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "run.ckpt")
    >>> trainer = fnn.Trainer(fnn.Model([fnn.nn.Dense(1)], input_shape=(1,)), "mse")
    >>> data = ([[1.0]], [[2.0]])
    >>> history = trainer.fit(data, epochs=2, callbacks=[Checkpoint(path)], verbose=0)
    >>> fnn.Trainer.resume(path).fit(data, epochs=1, verbose=0).epochs
    3
    """

    def __init__(self, path: Any, every: int = 0) -> None:
        file_name(path, "Checkpoint")
        self.path, self.every = path, every

    def on_fit_begin(self, trainer: Trainer) -> None:
        check_writable(self.path, "Checkpoint")

    def on_step(self, trainer: Trainer, logs: Logs) -> None:
        trainer.save(self.path)

    def on_epoch_end(self, trainer: Trainer, logs: Logs) -> None:
        trainer.save(self.path)


class CSVLogger(Callback):
    """Writes the history to a CSV file, a line each epoch.

    Parameters
    ----------
    path : str or path
        Replaced when training begins anew, continued when it is resumed.

    Raises
    ------
    OSError
        When training, if the file cannot be written.

    Examples
    --------
    >>> import fastnn as fnn, os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "log.csv")
    >>> trainer = fnn.Trainer(fnn.Model([fnn.nn.Dense(1)], input_shape=(1,)), "mse")
    >>> history = trainer.fit(([[1.0]], [[2.0]]), 2, callbacks=[CSVLogger(path)], verbose=0)
    >>> with open(path) as file:
    ...     [line.split(",")[0] for line in file]
    ['epoch', '1', '2']
    """

    def __init__(self, path: Any) -> None:
        file_name(path, "CSVLogger")
        self.path = path

    def on_fit_begin(self, trainer: Trainer) -> None:
        check_writable(self.path, "CSVLogger")

    def on_epoch_end(self, trainer: Trainer, logs: Logs) -> None:
        history, text = trainer.history, io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(["epoch", *history])
        for i in range(history.epochs):
            # A list of the user's own may be shorter.
            row = [values[i] if i < len(values) else "" for values in history.values()]
            writer.writerow([i + 1, *row])
        write_whole(self.path, [text.getvalue().encode()], "CSVLogger")
