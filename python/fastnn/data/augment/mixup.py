"""Samples mixed with others, and their targets with them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn._checks import check_count, check_positive
from fastnn._config import Configured


class Mixup(Configured):
    """``x = l x_i + (1 - l) x_j`` and the same of the targets, with l from Beta(alpha, alpha).

    The partner j of a sample is any of the whole data set, drawn anew in each epoch and changed as
    it is itself in that epoch; it does not depend on the batch. Targets become rows of shares of
    the classes, of which every class cost of fastnn takes the cross entropy. Stands last in the
    list of changes.

    Parameters
    ----------
    alpha : float, > 0
        Near 0 one of the two dominates; at 1 all shares are as likely.
    classes : int, optional
        How many there are. Needed where targets are labels; one-hot rows tell it themselves.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of its range or no number.

    Source
    ------
    H. Zhang, M. Cisse, Y. N. Dauphin, D. Lopez-Paz, mixup: Beyond empirical risk minimization,
    ICLR 2018.

    Examples
    --------
    >>> from fastnn.data import Augmented, Dataset
    >>> images = np.array([0.0, 1.0]).reshape(2, 1, 1, 1)
    >>> mixed = Augmented(Dataset(images, [0, 1]), [Mixup(1.0, classes=2)], seed=2)
    >>> x, y = mixed.gather(np.array([0, 1]))
    >>> bool(np.allclose(x[:, 0, 0, 0], y[:, 1])), y.sum(axis=1).tolist()
    (True, [1.0, 1.0])
    """

    def __init__(self, alpha: float = 0.2, classes: int | None = None) -> None:
        self.alpha = alpha
        self.classes = classes
        check_positive("Mixup", "alpha", alpha)
        if classes is not None:
            check_count("Mixup", "classes", classes, 2)

    def check_targets(self, y: Any) -> None:
        """Raise unless targets are labels, or rows of shares."""
        array = np.asarray(y) if y is not None and not isinstance(y, tuple | dict) else None
        if array is None or array.dtype.kind not in "fiu" or array.ndim < 1:
            raise ValueError(
                "Mixup: y must be one array of labels or of one-hot rows, got "
                f"{'none' if y is None else type(y).__name__}"
            )
        if array.dtype.kind != "f" and array.ndim != 1:
            raise ValueError(
                f"Mixup: y must be labels (N,) or real rows (N, K), got integers of shape "
                f"{('N', *array.shape[1:])}".replace("'", "")
            )
        if array.dtype.kind != "f" and self.classes is None:
            raise ValueError(
                "Mixup: classes must be the number of classes because targets are labels, got None"
            )

    def shares(self, y: Any, dtype: Any) -> NDArray[Any]:
        """Targets as rows of shares: one-hot where they are labels."""
        array = np.asarray(y)
        if array.dtype.kind == "f":
            return array
        classes = self.classes
        assert classes is not None
        wrong = (array < 0) | (array >= classes)
        if wrong.any():
            raise ValueError(
                f"Mixup: y must hold labels in [0, {classes}), got {int(array[wrong.argmax()])}"
            )
        rows = np.zeros((len(array), classes), dtype or "float32")
        rows[np.arange(len(array)), array] = 1
        return rows
