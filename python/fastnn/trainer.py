"""Trainer: fits a model to data, epoch by epoch, and can continue where it stopped."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np

from fastnn import losses, optim
from fastnn._checks import check_count, check_flag, check_seed
from fastnn.assembly import frozen
from fastnn.callback_list import CallbackList
from fastnn.callbacks import Callback
from fastnn.data import as_batches
from fastnn.data.batches import Source
from fastnn.diagnosis import check_weights, explain
from fastnn.epoch import Epoch
from fastnn.history import History
from fastnn.model import Model
from fastnn.objective import Objective, name_of
from fastnn.passes import Passes, passes_over
from fastnn.precision import check_precision
from fastnn.progress import Progress
from fastnn.rule import check_rule, rule_of
from fastnn.schedules import rates_of

if TYPE_CHECKING:
    from fastnn._core import Rule

# What logs and history, and the sums of an epoch, call something else.
_TAKEN = ("loss", "lr", "rows", "seconds")
_LARGEST = {name: float(np.finfo(name).max) for name in ("float32", "float64")}


class Trainer:
    """Fits a model: loss, optimiser, penalties, metrics, and the state of a run.

    Parameters
    ----------
    model : Model
    loss : str or callable
        A name ("cross_entropy", "binary_cross_entropy", "quadratic", "mse", "mae", "huber",
        "hinge", "nll_loss") or a function ``f(prediction, target)`` of symbolic tensors; a list of
        them where the model has several outputs (the losses are added). "cross_entropy" wants a
        model that ends in softmax, "nll_loss" log_softmax, "binary_cross_entropy" sigmoid.
    optimizer : Optimizer or str
        Such as ``optim.Adam(lr=1e-3)``; a name takes the defaults. Its numbers may change during
        a run, as may ``l1``, ``l2``, ``clip_norm``, ``max_norm`` and ``trainable`` of layers;
        its kind may not.
    metrics : list of str or callable
        "accuracy", "top_k_accuracy", the losses, or functions of (prediction, target) tensors.
    l1, l2 : float, >= 0
        The cost gains ``l1 sum|w| + l2/2 sum w^2`` over weights, not biases.
    clip_norm : float, optional
        Largest norm of the gradient of the loss; 0 or None for no bound. Penalties join it
        afterwards, as PyTorch's weight decay does.
    max_norm : float, optional
        Largest norm of the weights into one unit; 0 or None for no bound.
    seed : int, optional
        Decides shuffling and dropout; the model's by default.
    precision : {"float32", "bf16"}
        Of what convolutions and dense layers multiply in training: the model's own float type, or
        bfloat16, of which a CPU with AVX512-BF16 multiplies twice as many in a cycle. Operands are
        rounded to 8 bits of mantissa; sums, arithmetic of all other ops, weights, their gradients
        and the optimiser stay float32, and so do depthwise convolutions, those into fewer than 16
        channels and dense layers on fewer than 32 rows, which wait for their weights in memory. 3 x
        3 and 5 x 5 convolutions of more than 16 channels are rounded where Winograd's transforms
        have spread the sums: their error is five to six times that of rounded operands, 1.1 to 1.3%
        of the result's size. No scaling of the loss is needed: bfloat16 has float32's range. Values
        between convolutions and batch normalisation, and their gradients, lie as bfloat16 as well,
        in half the memory, where nothing else reads them and no sum goes on in them: by
        convolutions of 16, 32 ... filters that are not in groups, not 1 x 1 with stride 1 and
        without an activation, and whose sums are stored once, which depends on shape and
        instruction set; `inspect` keeps all in float32, and its numbers differ by that rounding.
        `evaluate`, validation and `Model.predict` compute in float32. A CPU without the instruction
        emulates it, slower than float32, with (by Intel's manual) the same results but for
        subnormal numbers; a UserWarning says so, and ``fastnn.machine.config()["bf16"]`` shows it.

    Attributes
    ----------
    model, loss, metrics, precision
        As given; others take another trainer.
    history : History
        One number per epoch and quantity.
    epoch, steps : int
        Epochs and updates done.
    stop : bool
        A callback sets it to end training after the epoch.
    completed : bool
        Whether the last ``fit`` ended by itself, not by an exception or Ctrl-C.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of its range or of the wrong kind.
    RuntimeError
        If ``optimizer`` is set to one of another kind after the first step.

    Examples
    --------
    >>> import fastnn as fnn
    >>> train, held_out = fnn.datasets.digits()
    >>> model = fnn.Model([fnn.nn.Flatten(), fnn.nn.Dense(10, "softmax")], input_shape=(1, 8, 8))
    >>> trainer = Trainer(model, optimizer=fnn.optim.Adam(0.01), metrics=["accuracy"])
    >>> history = trainer.fit(train, epochs=5, verbose=0)
    >>> trainer.evaluate(held_out)["accuracy"] > 0.9
    True
    """

    def __init__(
        self,
        model: Model,
        loss: Any = "cross_entropy",
        optimizer: Any = "adam",
        metrics: Sequence[Any] = (),
        *,
        l1: float = 0.0,
        l2: float = 0.0,
        clip_norm: float | None = None,
        max_norm: float | None = None,
        seed: int | None = None,
        precision: str = "float32",
    ) -> None:
        if not isinstance(model, Model):
            raise TypeError(f"Trainer: model must be a Model, got {type(model).__name__}")
        self._precision = check_precision(precision, model.dtype)
        self._model, self._loss = model, loss
        self.epoch = 0
        self._objective: Objective | None = None
        self._begun = 0  # steps before there is an objective, which counts them
        self._optimizer: optim.Optimizer
        self.optimizer = optimizer
        self._given_metrics = _tuple(metrics)
        self.l1, self.l2, self.clip_norm, self.max_norm = l1, l2, clip_norm, max_norm
        check_rule(self._rule())
        self.seed = model.seed if seed is None else check_seed("Trainer", seed)
        self._losses = [
            losses.find(f, "Trainer") for f in (loss if isinstance(loss, list | tuple) else [loss])
        ]
        if len(self._losses) not in (1, len(model.outputs)):
            raise ValueError(
                f"Trainer: loss must be one, or one for each of the {len(model.outputs)} outputs, "
                f"got {len(self._losses)}"
            )
        self._metrics = _by_name(self.metrics)
        for f, output in zip(self._losses * len(model.outputs), model.outputs, strict=False):
            losses.check_output(f, output)
        self.history = History()
        self.stop = False
        self.completed = False
        self._is_fitting = False
        self._more: list[str] = []  # quantities of the fit under way beside those of every one
        self._under_way = self._new_epoch()
        self._restored: list[Any] | None = None  # optimiser states read from a checkpoint

    @property
    def model(self) -> Model:
        """What is trained; another one takes another trainer."""
        return self._model

    @property
    def loss(self) -> Any:
        """As given; another one takes another trainer of the model."""
        return self._loss

    @property
    def metrics(self) -> tuple[Any, ...]:
        """As given; others take another trainer of the model."""
        return self._given_metrics

    @property
    def precision(self) -> str:
        """Of what the kernels multiply in training: "float32" or "bf16"."""
        return self._precision

    @property
    def quantities(self) -> list[str]:
        """What the logs of an epoch hold: during a ``fit``, that of validation and callbacks too."""
        return list(dict.fromkeys(["loss", *self._metrics, "lr", "seconds", *self._more]))

    @property
    def steps(self) -> int:
        """Updates done, as the core counts them: Ctrl-C cannot come between."""
        return self._begun if self._objective is None else self._objective.core.step_counter

    @property
    def optimizer(self) -> optim.Optimizer:
        """What follows the gradient."""
        return self._optimizer

    @optimizer.setter
    def optimizer(self, given: Any) -> None:
        new: optim.Optimizer = optim.find(given, "Trainer")
        if self.steps and optim.kind(new) != optim.kind(self._optimizer):
            raise RuntimeError(
                f"Trainer: optimizer must stay of its kind once training has begun, got {new!r} "
                f"after step {self.steps} of {self._optimizer!r}; make a new Trainer of the model"
            )
        self._optimizer = new

    # -- training ----------------------------------------------------------------------------------

    def fit(
        self,
        data: Any,
        epochs: int = 1,
        batch_size: int = 32,
        validation: Any = None,
        callbacks: Iterable[Callback] = (),
        shuffle: bool = True,
        verbose: int = 1,
    ) -> History:
        """Train for ``epochs`` more epochs (one that was interrupted is finished first and counts).

        Parameters
        ----------
        data : Dataset, Augmented, (x, y), or anything iterable over batches (x, y)
            See `fastnn.data.as_batches`; an iterable over batches keeps its own size and order.
        epochs, batch_size : int, >= 1
            The last batch of an epoch may be short.
        validation : as ``data``, optional
            Evaluated after each epoch; its results have the prefix ``val_``. They are NaN for an
            epoch whose validation was broken off.
        callbacks : list of Callback
            Called in this order, see `fastnn.callbacks`.
        shuffle : bool
            A new order each epoch, from the seed and the epoch's number.
        verbose : {0, 1, 2}
            Nothing; a progress bar (where there is a terminal); a line per epoch.

        Returns
        -------
        History
            ``trainer.history``, which grows over several calls.

        Raises
        ------
        ValueError
            If data do not fit the model, or hold NaN or infinity; if a number is out of range.
        TypeError
            If ``data`` is no data, or another argument of the wrong kind.
        RuntimeError
            If the loss or a gradient becomes NaN or infinite; the weights are those before that
            step. Only where an update itself overflowed are they lost, and the error says so.
            Also if a ``fit`` of this trainer is under way.
        KeyboardInterrupt
            On Ctrl-C, within 100 ms or one op. Another ``fit`` goes on where it was, bit for bit.

        Examples
        --------
        >>> import fastnn as fnn
        >>> train, held_out = fnn.datasets.digits()
        >>> layers = [fnn.nn.Flatten(), fnn.nn.Dense(10, "softmax")]
        >>> trainer = Trainer(fnn.Model(layers, input_shape=(1, 8, 8)), metrics=["accuracy"])
        >>> history = trainer.fit(train, epochs=2, validation=held_out, verbose=0)
        >>> [name for name in history if name.startswith("val_")], history.epochs
        (['val_loss', 'val_accuracy'], 2)
        >>> trainer.fit(train, epochs=1, verbose=0).epochs
        3
        """
        epochs = check_count("Trainer.fit", "epochs", epochs)
        batch_size = check_count("Trainer.fit", "batch_size", batch_size)
        shuffle = check_flag("Trainer.fit", "shuffle", shuffle)
        watchers = CallbackList(callbacks)
        if self._is_fitting:
            raise RuntimeError(
                "Trainer.fit: a trainer must be fitted by one call at a time, got another from a "
                "callback or a thread; a callback may use Trainer.step"
            )
        try:
            self._is_fitting = True
            source = as_batches(data, batch_size, shuffle, self.seed, dtype=self.model.dtype)
            passes = self._passes(source)
            held_out = None if validation is None else self._held_out(validation, batch_size)
            self._under_way.settle()
            passes.check("Trainer.fit")
            passes.way(self._under_way)  # raises where there is none, and changes nothing
            if held_out is not None:
                held_out.check_early("Trainer.fit: validation")
                self._more += [f"val_{name}" for name in ("loss", *self._metrics)]
            self._more += watchers.quantities
            bar = Progress(epochs, source.samples, verbose=verbose)
            self._epochs(epochs, passes, held_out, watchers, bar)
        finally:
            self._is_fitting, self._more = False, []
        return self.history

    def _epochs(
        self,
        epochs: int,
        passes: Passes,
        held_out: Passes | None,
        watchers: CallbackList,
        bar: Progress,
    ) -> None:
        """Train, validate and tell, epoch by epoch."""
        self.stop = self.completed = False
        self.history.detach()
        try:
            watchers.on_fit_begin(self)
            for epoch in range(epochs):
                watchers.on_epoch_begin(self)
                bar.begin(epoch)
                logs = self._one_epoch(passes, watchers, bar)
                if held_out is not None:
                    results = held_out.evaluate()
                    seen = {f"val_{name}": value for name, value in results.items()}
                    self.history.amend(seen)
                    logs |= seen
                bar.end(logs)
                watchers.on_epoch_end(self, logs)
                if self.stop:
                    break
            self.completed = True
        except BaseException as error:
            self._under_way.settle()
            bar.close()
            watchers.on_fit_end(self, error)
            raise
        bar.close()
        watchers.on_fit_end(self)

    def _one_epoch(self, passes: Passes, watchers: CallbackList, bar: Progress) -> dict[str, float]:
        """The rest of the epoch under way, recorded; means of loss and metrics over its rows."""
        epoch = self._under_way
        began = time.perf_counter() - epoch.seconds
        epoch.rate = float(self._rates(1)[0])
        if epoch.untold:  # Ctrl-C came before the callbacks' turn
            watchers.on_steps(self, epoch, epoch.means())
        steps = passes.train(epoch, self.epoch, self._rates, watchers)
        with closing(steps):  # whatever ends it: no thread is left
            for _ in steps:
                epoch.seconds = time.perf_counter() - began
                logs = epoch.means()
                bar.update(epoch.rows, logs)
                watchers.on_steps(self, epoch, logs)
        if not epoch.sums.get("rows"):
            raise ValueError("Trainer.fit: data must give at least 1 batch, got none")
        if self._objective is not None:  # else the checkpoint was of the epoch's end
            check_weights(self._objective, "Trainer.fit", self.epoch, self.steps)
        seconds = time.perf_counter() - began
        logs = epoch.means() | {"lr": epoch.sums["lr"], "seconds": seconds}
        following = self._new_epoch()
        self.history.record(logs, self.epoch)
        # One statement without calls: no signal comes between its parts.
        self.epoch, self._under_way = self.epoch + 1, following
        return logs

    def step(self, x: Any, y: Any) -> float:
        """One update on one batch, for loops of one's own.

        Parameters
        ----------
        x, y : arrays, shape (N, ...)
            A batch and its targets (tuples where the model has several inputs or outputs).

        Returns
        -------
        float
            The cost before the update, penalties included.

        Raises
        ------
        ValueError, TypeError
            If ``x`` or ``y`` do not fit the model, or hold NaN or infinity.
        RuntimeError
            If the loss or a gradient is NaN or infinite; the weights are then as they were.

        Examples
        --------
        >>> import fastnn as fnn
        >>> model = fnn.Model([fnn.nn.Dense(1, init=2.0)], input_shape=(1,))
        >>> trainer = Trainer(model, "quadratic", fnn.optim.SGD(lr=0.1))
        >>> trainer.step([[1.0]], [[5.0]])  # (5 - 2)^2 / 2
        4.5
        >>> model.predict([[1.0]])  # weight and bias have grown by 0.3
        array([[2.6]], dtype=float32)
        """
        objective = self._prepare(y)
        feeds, rows = objective.feeds(x, y, "Trainer.step")
        done = objective.core.step(feeds, rows, self._rates(1)[0], True)
        if done["stop"] == "not finite":
            explain(objective, x, y, None, "Trainer.step", self.epoch, self.steps)
        return float(done["sums"][0]) / rows

    def gradient(self, x: Any, y: Any) -> dict[str, Any]:
        """The cost's gradient for each parameter on one batch, without an update.

        Penalties (``l1``, ``l2``) and clipping belong to the update and are not in it.

        Parameters
        ----------
        x, y : arrays, shape (N, ...)
            A batch and its targets, as for `step`.

        Returns
        -------
        dict of str to array
            By the names of ``model.parameters``.

        Raises
        ------
        ValueError
            If ``x`` or ``y`` do not fit the model, or hold NaN or infinity.
        RuntimeError
            If the loss or the gradient is NaN or infinite; the error names the layer.

        Examples
        --------
        >>> import fastnn as fnn
        >>> model = fnn.Model([fnn.nn.Dense(1, init=2.0)], input_shape=(1,))
        >>> Trainer(model, "quadratic").gradient([[3.0]], [[5.0]])
        {'dense1.weight': array([[3.]], dtype=float32), 'dense1.bias': array([1.], dtype=float32)}
        """
        objective = self._prepare(y)
        feeds, rows = objective.feeds(x, y, "Trainer.gradient")
        if objective.core.step(feeds, rows, 0.0, False)["stop"] == "not finite":
            explain(objective, x, y, None, "Trainer.gradient", self.epoch, self.steps)
        return self.model.split_vector(objective.core.gradient().copy())

    def inspect(self, x: Any, y: Any) -> dict[str, Any]:
        """Every number of one forward and backward run, by name, without an update.

        Parameters
        ----------
        x, y : arrays, shape (N, ...)

        Returns
        -------
        dict of str to Quantity
            ``.value`` and ``.grad``, the cost's gradient for it (None where no parameter is behind
            it, as for the inputs "x" and "y"), of inputs, parameters ("dense1.weight"), each op of
            a layer ("dense1.linear" is the lectures' z, "dense1.sigmoid" its a; where the layer is
            called again "dense1.linear_2", "dense1.linear_3") or outside layers ("add", "add_2"),
            and the cost. The gradient of z is the lectures' delta.

        Raises
        ------
        ValueError, TypeError
            If ``x`` or ``y`` do not fit the model. NaN and infinity are shown, not refused.

        Examples
        --------
        >>> import fastnn as fnn
        >>> layer = fnn.nn.Dense(1, "sigmoid", init=2.0, bias_init=2.0)
        >>> trainer = Trainer(fnn.Model([layer], input_shape=(1,)), "quadratic")
        >>> seen = trainer.inspect([[1.0]], [[0.0]])
        >>> float(seen["dense1.linear"].value[0, 0])
        4.0
        """
        return self._prepare(y).inspect(x, y)

    def evaluate(self, data: Any, batch_size: int = 256) -> dict[str, float]:
        """Loss and metrics on data, without dropout.

        Parameters
        ----------
        data : as for `fit`
        batch_size : int, >= 1
            Rows computed at a time.

        Returns
        -------
        dict of str to float
            "loss" (penalties included) and each metric, means over samples.

        Raises
        ------
        ValueError, TypeError
            If data do not fit the model or there are none, or ``batch_size`` is no integer >= 1.

        Examples
        --------
        >>> import fastnn as fnn
        >>> model = fnn.Model([fnn.nn.Dense(1, init=2.0)], input_shape=(1,))
        >>> Trainer(model, "mse", metrics=["mae"]).evaluate(([[1.0], [2.0]], [[3.0], [1.0]]))
        {'loss': 5.0, 'mae': 2.0}
        """
        passes = self._in_order(data, check_count("Trainer.evaluate", "batch_size", batch_size))
        passes.check("Trainer.evaluate")
        return passes.evaluate()

    def _held_out(self, validation: Any, batch_size: int) -> Passes:
        try:
            return self._in_order(validation, max(batch_size, 256))
        except (TypeError, ValueError) as error:
            raise type(error)(f"Trainer.fit: validation: {error}") from None

    def _passes(self, source: Source) -> Passes:
        return passes_over(source, self.model.dtype, self._prepare)

    def _in_order(self, data: Any, batch_size: int) -> Passes:
        return self._passes(as_batches(data, batch_size, False, self.seed, dtype=self.model.dtype))

    # -- saving ------------------------------------------------------------------------------------

    def save(self, path: Any) -> None:
        """Write model, optimiser, position and history to one file; see `Trainer.resume`.

        Parameters
        ----------
        path : str or path
            Replaced only once the new file is complete; where it is a link, what it points to.

        Raises
        ------
        OSError
            If the file cannot be written; an old one is then as it was.
        ValueError, TypeError
            If ``path`` is no name of a file, or something the trainer holds cannot be stored.

        Examples
        --------
        >>> import fastnn as fnn, os, tempfile
        >>> path = os.path.join(tempfile.mkdtemp(), "run.ckpt")
        >>> trainer = Trainer(fnn.Model([fnn.nn.Dense(1)], input_shape=(1,)), "mse")
        >>> _ = trainer.step([[1.0]], [[2.0]])
        >>> trainer.save(path)
        >>> Trainer.resume(path).steps
        1
        """
        from fastnn.io.checkpoint import save_trainer

        save_trainer(self, path)

    @classmethod
    def resume(cls, path: Any, **functions: Any) -> Trainer:
        """The trainer of a checkpoint; its next ``fit`` continues bit for bit.

        Parameters
        ----------
        path : str or path
        **functions
            Losses, metrics, schedules or Python ops that were functions, by name: code is never
            stored.

        Returns
        -------
        Trainer
            With a model of its own.

        Raises
        ------
        OSError
            If the file cannot be read, is no checkpoint, or is damaged.
        ValueError, TypeError
            If it names a function that is not given.

        Examples
        --------
        >>> import fastnn as fnn, os, tempfile
        >>> def cost(prediction, target):
        ...     return fnn.ops.mean((prediction - target) ** 2)
        >>> path = os.path.join(tempfile.mkdtemp(), "run.ckpt")
        >>> trainer = Trainer(fnn.Model([fnn.nn.Dense(1)], input_shape=(1,)), cost)
        >>> _ = trainer.step([[1.0]], [[2.0]])
        >>> trainer.save(path)
        >>> again = Trainer.resume(path, cost=cost)
        >>> again.step([[1.0]], [[2.0]]) == trainer.step([[1.0]], [[2.0]])
        True
        """
        from fastnn.io.checkpoint import load_trainer

        return load_trainer(path, functions)

    def optimizer_states(self) -> list[Any]:
        """The optimiser's vectors (momentum, moments ...), each like ``model.theta``.

        Returns
        -------
        list of array, shape of ``model.theta``
            Those that further steps change, not copies; none before the first step.
            ``model.split_vector`` cuts one by parameters.

        Examples
        --------
        >>> import fastnn as fnn
        >>> model = fnn.Model([fnn.nn.Dense(1, init=2.0)], input_shape=(1,))
        >>> trainer = Trainer(model, "quadratic", fnn.optim.SGD(lr=0.1, momentum=0.9))
        >>> _ = trainer.step([[1.0]], [[5.0]])
        >>> trainer.optimizer_states()  # after one step the gradient
        [array([-3., -3.], dtype=float32)]
        """
        if self._objective is not None:
            return list(self._objective.core.optimizer_states())
        return list(self._restored or [])

    def progress(self) -> dict[str, Any]:
        """Where the run stands, as JSON can hold it.

        Returns
        -------
        dict of str to object
            "epoch" and "steps", those done; of the epoch under way "position" (rows, or batches where
            Python gives them out), "samples" of its data set (None of other batches), "sums" of loss
            and metrics, and "seconds" spent in it.

        Examples
        --------
        >>> import fastnn as fnn
        >>> trainer = Trainer(fnn.Model([fnn.nn.Dense(1)], input_shape=(1,)), "mse")
        >>> _ = trainer.fit(([[1.0]] * 5, [[2.0]] * 5), epochs=2, batch_size=2, verbose=0)
        >>> trainer.progress()
        {'epoch': 2, 'steps': 6, 'position': 0, 'samples': None, 'sums': {}, 'seconds': 0.0}
        """
        return {"epoch": self.epoch, "steps": self.steps} | self._under_way.state()

    def drop_epoch(self) -> None:
        """Give up the epoch under way, which Ctrl-C or an error broke off: the next begins anew.

        Its updates stay; the history does not have it.

        Raises
        ------
        RuntimeError
            If a ``fit`` is under way.

        Examples
        --------
        >>> import fastnn as fnn
        >>> trainer = Trainer(fnn.Model([fnn.nn.Dense(1)], input_shape=(1,)), "mse")
        >>> trainer.drop_epoch()
        >>> trainer.progress()["position"]
        0
        """
        if self._is_fitting:
            raise RuntimeError(
                "Trainer.drop_epoch: no fit must be under way, got a call during one"
            )
        self._under_way = self._new_epoch()

    def restore(self, progress: dict[str, Any], history: History, states: list[Any]) -> None:
        """Take over where a saved run stood, as `Trainer.resume` does; for files of one's own.

        Parameters
        ----------
        progress : dict
            What `progress` returned.
        history : History
            The trainer goes on with a copy.
        states : list of array
            What `optimizer_states` returned: further steps begin from copies.

        Raises
        ------
        RuntimeError
            If a ``fit`` is under way.

        Examples
        --------
        >>> import fastnn as fnn
        >>> before, after = (
        ...     Trainer(fnn.Model([fnn.nn.Dense(1)], input_shape=(1,)), "mse") for _ in range(2)
        ... )
        >>> _ = before.step([[1.0]], [[2.0]])
        >>> after.model.theta = before.model.theta
        >>> after.restore(before.progress(), before.history, before.optimizer_states())
        >>> after.step([[1.0]], [[2.0]]) == before.step([[1.0]], [[2.0]])
        True
        """
        if self._is_fitting:
            raise RuntimeError("Trainer.restore: no fit must be under way, got a call during one")
        under_way, history = self._new_epoch(), History(history)
        under_way.restore(progress)
        history.detach()
        self.epoch, self._begun = int(progress["epoch"]), int(progress["steps"])
        self._under_way, self.history = under_way, history
        # The next step makes an objective anew: what this trainer did before is forgotten.
        self._restored, self._objective = [np.array(state) for state in states], None

    # -- parts -------------------------------------------------------------------------------------

    def _prepare(self, y: Any) -> Objective:
        """The graph of model, loss and metrics for this kind of target and the present settings."""
        old, rule = self._objective, self._rule()
        if (
            old is None
            or old.rule != rule
            or old.frozen != frozen(self.model.structure, self.model.layers)
            or not old.takes(y)
        ):
            self.optimizer.check()
            check_rule(rule)
            new = Objective(
                self.model, self._losses, self._metrics, rule, self.seed, y, self._precision
            )
            if old is not None:
                new.carry_over(old)
            elif self._restored is not None:
                new.restore(self._restored, self.steps)
            self._objective = old = new
            self._restored = None  # the objective has them
        return old

    def _rule(self) -> Rule:
        return rule_of(self.optimizer, self.l1, self.l2, self.clip_norm, self.max_norm)

    def _new_epoch(self) -> Epoch:
        return Epoch(("loss", *self._metrics))

    def _rates(self, n: int) -> Any:
        return rates_of(self.optimizer.lr, self.steps, n, _LARGEST[self.model.dtype], "Trainer")

    def __deepcopy__(self, memo: dict[int, Any]) -> Trainer:
        raise TypeError(
            "Trainer: copies must go through a file, got copy.deepcopy; Trainer.save and "
            "Trainer.resume give another trainer, which goes on bit for bit"
        )

    def __copy__(self) -> Trainer:
        return self.__deepcopy__({})

    def __repr__(self) -> str:
        return f"Trainer({self.model!r}, loss={self.loss!r}, optimizer={self.optimizer!r}, epoch={self.epoch})"


def _tuple(metrics: Any) -> tuple[Any, ...]:
    if isinstance(metrics, str) or not isinstance(metrics, Iterable):
        raise TypeError(f"Trainer: metrics must be a list of names or functions, got {metrics!r}")
    return tuple(metrics)


def _by_name(metrics: Iterable[Any]) -> dict[str, Any]:
    """The functions by the names that logs and history know them by."""
    named: dict[str, Any] = {}
    for metric in metrics:
        function, name = losses.find(metric, "Trainer", "metrics", losses.METRICS), name_of(metric)
        if named.get(name) is function:
            continue
        if name in named or name in _TAKEN or name.startswith("val_"):
            raise ValueError(
                "Trainer: metrics must have names of their own in the history, "
                f"got {name!r}{' twice' if name in named else ''}; set __name__ of the function"
            )
        named[name] = function
    return named
