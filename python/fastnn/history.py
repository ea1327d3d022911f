"""What a training run recorded, epoch by epoch."""

from __future__ import annotations

from itertools import repeat
from typing import Any

_FALLING = (
    "loss", "error", "entropy", "mse", "mae", "quadratic", "huber", "hinge", "perplexity", "seconds",
)  # fmt: skip


def falls(name: str) -> bool:
    """Whether the smaller value of a quantity is the better one, as far as its name tells.

    Parameters
    ----------
    name : str
        Of a history; ``val_`` before it makes no difference.

    Returns
    -------
    bool
        True of losses, errors and times, False of anything else.

    Examples
    --------
    >>> falls("val_mae"), falls("accuracy")
    (True, False)
    """
    return any(word in name for word in _FALLING)


class History(dict[str, list[float]]):
    """One list per quantity, one number per epoch: ``history["val_accuracy"][-1]``.

    Keys are "loss", the metrics, the same with "val_" for validation data, "lr" and "seconds".
    The lists grow while `Trainer.fit` runs; each call begins with lists of its own, so that what was
    taken between two calls stays as it is.

    Examples
    --------
    >>> history = History()
    >>> history.record({"loss": 0.5, "seconds": 1.0})
    >>> history.record({"loss": 0.25, "seconds": 1.0})
    >>> history["loss"], history.epochs, history.best("loss")
    ([0.5, 0.25], 2, 0.25)
    """

    @property
    def epochs(self) -> int:
        """Epochs recorded."""
        return max((len(v) for v in self.values()), default=0)

    def record(self, logs: dict[str, float], epoch: int | None = None) -> None:
        """Append one epoch; what earlier epochs did not have is NaN there.

        With ``epoch``, its number from 0, it takes the place of what that one and later ones have:
        who was broken off before he counted it records it again.

        Examples
        --------
        >>> history = History(loss=[0.5, 0.25])
        >>> history.record({"loss": 0.25}, epoch=1)
        >>> history["loss"]
        [0.5, 0.25]
        """
        before, nan = self.epochs, float("nan")
        if epoch is not None:
            before = min(before, epoch)
        if logs.keys() <= self.keys() and self._has_lists_of(before):
            numbers = [float(logs.get(name, nan)) for name in self]
            list(map(list.append, self.values(), numbers))  # in one call, as below
            return
        new = {}
        for name in {**self, **logs}:
            values = self.get(name, [])[:before]
            missing = [nan] * (before - len(values))
            new[name] = [*values, *missing, float(logs.get(name, nan))]
        self.update(new)  # in one call: Ctrl-C comes before or after it

    def amend(self, logs: dict[str, float]) -> None:
        """Add quantities to the last epoch.

        Examples
        --------
        >>> history = History(loss=[0.5, 0.25])
        >>> history.amend({"val_loss": 0.3})
        >>> history["val_loss"]
        [nan, 0.3]
        """
        last = self.epochs - 1
        if last >= 0 and logs.keys() <= self.keys() and self._has_lists_of(last + 1):
            numbers = [float(value) for value in logs.values()]
            list(map(list.__setitem__, [self[name] for name in logs], repeat(last), numbers))
            return
        new = {}
        for name, value in logs.items():
            values = self.get(name, [])[:last]
            new[name] = [*values, *[float("nan")] * (last - len(values)), float(value)]
        self.update(new)

    def detach(self) -> None:
        """Go on with lists of its own: those handed out so far no longer grow.

        Examples
        --------
        >>> history = History(loss=[0.5])
        >>> before = history["loss"]
        >>> history.detach()
        >>> history.record({"loss": 0.25})
        >>> before, history["loss"]
        ([0.5], [0.5, 0.25])
        """
        own = {name: values.copy() for name, values in self.items() if type(values) is list}
        self.update(own)

    def _has_lists_of(self, epochs: int) -> bool:
        """Whether each name has a list of that length, and of its own: then it may grow in place."""
        values = self.values()
        if not (set(map(type, values)) <= {list} and set(map(len, values)) <= {epochs}):
            return False
        return len(set(map(id, values))) == len(values)

    def best(self, name: str) -> float:
        """Smallest value of a loss, error or time; largest of anything else. NaN does not count.

        Raises
        ------
        ValueError
            If nothing of the name was recorded, or NaN alone.
        """
        if name not in self:
            known = ", ".join(self) or "none, before an epoch"
            raise ValueError(f"History.best: name must be one of {known}, got {name!r}")
        values = [v for v in self[name] if v == v]
        if not values:
            raise ValueError(
                f"History.best: name must have a number in some epoch, got {name!r} with NaN in all"
            )
        return min(values) if falls(name) else max(values)

    def plot(self, path: Any = None, ax: Any = None) -> Any:
        """Learning curves, see `fastnn.plot.learning_curves`."""
        from fastnn.plot import learning_curves

        return learning_curves(self, path=path, ax=ax)
