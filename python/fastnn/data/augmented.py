"""Augmented: a data set of images that are changed at random each time they are given out."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import _core
from fastnn._checks import check_count, check_seed
from fastnn.data.augment.mixup import Mixup
from fastnn.data.augment.transform import Shape, Transform
from fastnn.data.column import Real
from fastnn.data.samples import gathers
from fastnn.ops.tensor import as_array

AUGMENT_STREAM = 0x41554700  # streams of chance: this one for mixup, then one per change
MOST_CHANGES = 0xFF
_MOST_SAMPLES = 1 << 40  # number and epoch share a counter of 64 bits
_MOST_EPOCHS = 1 << 24


class Augmented:
    """Images ``(N, C, H, W)`` of a data set, changed anew for each sample and epoch.

    What a sample becomes is a function of ``seed``, the number of the epoch and the number of the
    sample in ``dataset`` alone: not of the batch it is in, the order, or the number of threads. A
    run resumed from a checkpoint sees the same images.

    Used wherever a ``Dataset`` is: in ``Trainer.fit`` (beside which batches are made where a core is
    free, see ``Batches``), in ``Batches``, as validation data.

    Parameters
    ----------
    dataset : Dataset, or (x, y), or a map-style data set
        One array of images per sample, as the network sees them: ``Dataset.scale`` comes first.
    changes : list of Transform
        From `fastnn.data.augment`, done in this order; at most one `Mixup`, as the last.
    seed : int, >= 0
        Decides all chance.

    Attributes
    ----------
    shape : (int, int, int)
        Channels, height and width of the images given out.

    Raises
    ------
    ValueError
        If the samples are not images, or a change does not fit their shape.
    TypeError
        If something is no change, or ``dataset`` no data set.

    Examples
    --------
    >>> from fastnn import datasets
    >>> from fastnn.data import augment
    >>> train, _ = datasets.digits()
    >>> more = Augmented(train, [augment.Affine(rotate=10, scale=0.1), augment.Noise(0.05)])
    >>> x, y = more.gather(np.arange(4), epoch=2)
    >>> x.shape, y.tolist()
    ((4, 1, 8, 8), [0, 1, 2, 3])
    """

    def __init__(self, dataset: Any, changes: Sequence[Transform | Mixup], seed: int = 0) -> None:
        check_seed("Augmented", seed)
        if isinstance(changes, str) or not isinstance(changes, Sequence):
            raise TypeError(
                f"Augmented: changes must be a list of changes such as augment.Flip(), "
                f"got {changes!r}"
            )
        self.dataset = gathers(dataset, "Augmented")
        self.changes = list(changes)
        self.seed = operator.index(seed)
        count = len(self.dataset)
        if not 0 < count < _MOST_SAMPLES:
            raise ValueError(f"Augmented: dataset must have at least 1 sample, got {count}")
        if len(self.changes) > MOST_CHANGES:
            raise ValueError(
                f"Augmented: changes must be at most {MOST_CHANGES}, got {len(self.changes)}"
            )
        x, y = self.dataset.gather(np.zeros(1, np.int64))
        self.shape = self._given = _shape_of(x)
        self.mixup: Mixup | None = None
        self._steps: list[tuple[str, int, float, list[float]]] = []
        for i, change in enumerate(self.changes):
            self._add(i, change, y)

    def _add(self, i: int, change: Any, y: Any) -> None:
        if self.mixup is not None:
            raise ValueError(f"Augmented: Mixup must be the last change, got {change!r} after it")
        if isinstance(change, Mixup):
            change.check_targets(y)
            self.mixup = change
        elif isinstance(change, Transform):
            name, numbers = change.step(self.shape)
            self.shape = change.out_shape(self.shape)
            self._steps.append((name, AUGMENT_STREAM + 1 + i, float(change.p), numbers))
        else:
            raise TypeError(
                "Augmented: changes must be changes of fastnn.data.augment, got "
                f"{change!r}" + ("; call it" if isinstance(change, type) else "")
            )

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> Any:
        """One sample ``(x, y)`` as in epoch 0; see ``gather`` for others."""
        try:
            number = operator.index(index)
        except TypeError:
            raise TypeError(
                f"Augmented: index must be an integer, got {type(index).__name__}; take the part "
                "of the data set before"
            ) from None
        n = len(self)
        if not -n <= number < n:
            raise IndexError(f"Augmented: index must be in {-n}..{n - 1}, got {number}")
        x, y = self.gather(np.array([number % n]))
        return x[0], _first(y)

    def gather(
        self, numbers: NDArray[np.int64], dtype: Real | None = None, epoch: int = 0
    ) -> tuple[Any, Any]:
        """One batch of changed samples.

        Parameters
        ----------
        numbers : int64 array, shape (N,)
            Of samples, in 0..len - 1.
        dtype : "float32" or "float64", optional
            Of the images; by default as the data set gives them out.
        epoch : int, >= 0
            Each has its own chance.

        Returns
        -------
        x : array, shape (N, C, H, W)
        y : array, or None
            Targets as the data set gives them out; rows of shares where samples are mixed.

        Raises
        ------
        ValueError, TypeError
            If a number or the epoch is out of range, or no integer.
        """
        epoch = check_count("Augmented.gather", "epoch", epoch, 0)
        if epoch >= _MOST_EPOCHS:
            raise ValueError(f"Augmented.gather: epoch must be < 2**24, got {epoch}")
        given = as_array(numbers, "Augmented.gather", "numbers")
        if given.dtype.kind not in "iu" and given.size:
            raise TypeError(f"Augmented.gather: numbers must be integers, got dtype {given.dtype}")
        numbers = given.astype(np.int64, copy=False)
        if numbers.ndim != 1:
            raise ValueError(
                f"Augmented.gather: numbers must have 1 axis, got shape {numbers.shape}"
            )
        wrong = numbers[(numbers < 0) | (numbers >= len(self))]
        if wrong.size:
            raise ValueError(
                f"Augmented.gather: numbers must be in [0, {len(self)}), got {wrong[0]}"
            )
        x, y = self._changed(numbers, dtype, epoch)
        if self.mixup is None:
            return x, y
        partners, shares = _core.random_partners(
            self.seed, AUGMENT_STREAM, epoch, numbers, len(self), float(self.mixup.alpha)
        )
        other_x, other_y = self._changed(partners, dtype, epoch)
        _core.mix_rows(x, other_x, shares)
        y, other_y = self.mixup.shares(y, dtype), self.mixup.shares(other_y, dtype)
        _core.mix_rows(y, other_y, shares)
        return x, y

    def _changed(self, numbers: NDArray[np.int64], dtype: Any, epoch: int) -> tuple[Any, Any]:
        x, y = self.dataset.gather(numbers, dtype)
        if x.shape[1:] != self._given:
            raise ValueError(
                f"Augmented: x must have shape {self._given} in every sample, got {x.shape[1:]}"
            )
        return _core.augment(x, numbers, epoch, self.seed, self._steps), y

    def __repr__(self) -> str:
        return f"Augmented({self.dataset!r}, {self.changes!r}, seed={self.seed})"


def _shape_of(x: Any) -> Shape:
    """(C, H, W) of a batch of images."""
    if not isinstance(x, np.ndarray):
        raise ValueError(
            f"Augmented: x must be one array of images, got a {type(x).__name__} of arrays"
        )
    if x.ndim != 4 or x.size == 0:
        shape = f"({', '.join(map(str, ('N', *x.shape[1:])))}{',' if x.ndim == 1 else ''})"
        hint = "; put it into shape (N, 1, H, W)" if x.ndim < 4 else ""
        raise ValueError(
            f"Augmented: x must have shape (N, C, H, W) of at least 1 pixel, got {shape}{hint}"
        )
    if x.dtype.kind != "f":
        raise ValueError(
            "Augmented: x must be real numbers, got int64; give its Dataset a scale, such as 1/255"
        )
    return int(x.shape[1]), int(x.shape[2]), int(x.shape[3])


def _first(y: Any) -> Any:
    if isinstance(y, tuple):
        return tuple(part[0] for part in y)
    if isinstance(y, dict):
        return {name: part[0] for name, part in y.items()}
    return None if y is None else y[0]
