"""The samples that a network takes for others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import feeds
from fastnn._checks import check_count
from fastnn.data import Augmented, Dataset
from fastnn.plot.figures import check_path, save_figure
from fastnn.plot.given import (
    MOST,
    as_images,
    check_model,
    check_names,
    class_names_of,
    classes_of,
    one_array,
    scores_of,
)
from fastnn.plot.images import images_drawn, labels_in, titles_of

_ROWS = 1024  # of a data set at a time


def misclassified(
    model: Any,
    data: Any,
    *,
    most: int = 32,
    columns: int = 8,
    class_names: Sequence[str] | None = None,
    path: Any = None,
) -> Any:
    """The samples that a network takes for another class, those first of which it is surest.

    Parameters
    ----------
    model : Model
        Of one input; gives a number for each class.
    data : Dataset, Augmented (as in epoch 0), or (x, y)
        Images, with labels or one-hot rows.
    most : int, 1 to 2000
        Images drawn at most.
    columns : int, >= 1
    class_names : sequence of str, optional
        What the labels 0, 1, ... stand for. By default those of the data set.
    path : path, optional
        File to write; its suffix decides the format.

    Returns
    -------
    matplotlib Figure
        Each image with its class and the one predicted; the title counts them all.

    Raises
    ------
    ValueError
        If ``data`` is empty or has no labels of classes, if nothing is misclassified, if the
        model's output is not (N, K) with K >= 2, or if a number is out of range.
    TypeError
        If ``model`` is no model, ``data`` no data set, or a number no integer.
    RuntimeError
        If matplotlib is not installed.

    Examples
    --------
    >>> import fastnn as fnn
    >>> train, held_out = fnn.datasets.digits()
    >>> model = fnn.Model([fnn.nn.Flatten(), fnn.nn.Dense(10, "softmax")], input_shape=(1, 8, 8))
    >>> history = fnn.Trainer(model).fit(train, epochs=2, verbose=0)
    >>> figure = misclassified(model, held_out, most=8)
    >>> len(figure.axes)
    8
    """
    where = "misclassified"
    most = check_count(where, "most", most)
    if most > MOST:
        raise ValueError(f"{where}: most must be at most {MOST}, got {most}")
    columns = check_count(where, "columns", columns)
    check_model(model, where, images=False)
    classes_of(model, where, least=2)
    source = _data_set(data)
    names = check_names(class_names_of(source) if class_names is None else class_names, where)
    check_path(path, where)
    truth, scores = _answers(model, source)
    wrong = np.flatnonzero(scores.argmax(axis=1) != labels_in(truth))
    if not len(wrong):
        raise ValueError(f"{where}: data must have mistakes, got {len(truth)} right answers")
    order = wrong[np.argsort(-scores[wrong].max(axis=1), kind="stable")][:most]
    images = as_images(source.gather(order)[0], where)
    titles = titles_of(len(order), truth[order], scores[order], names)
    heading = f"{len(wrong)} of {len(truth)} misclassified"
    figure = images_drawn(images, titles, columns, None, where, heading)
    if path is not None:
        save_figure(figure, path)
    return figure


def _data_set(data: Any) -> Any:
    """A Dataset or an Augmented one of at least one image."""
    if isinstance(data, tuple) and len(data) == 2:
        data = Dataset(*data)
    if not isinstance(data, Dataset | Augmented):
        raise TypeError(
            "misclassified: data must be a Dataset, an Augmented one or a tuple (x, y), "
            f"got {type(data).__name__}"
        )
    if not len(data):
        raise ValueError("misclassified: data must have at least 1 sample, got 0")
    x, y = data.gather(np.zeros(1, np.int64))
    as_images(one_array(x, "misclassified"), "misclassified")
    shape = "none" if y is None else f"a {type(y).__name__}"
    if isinstance(y, np.ndarray):
        if y.ndim == 2 or y.ndim == 1 and y.dtype.kind != "f":
            return data
        shape = f"shape {(len(data), *y.shape[1:])}, dtype {y.dtype}"
    raise ValueError(
        f"misclassified: data must have labels (N,) or one-hot rows (N, K), got {shape}"
    )


def _answers(model: Any, data: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """The targets of a data set, and what a model says to its images."""
    truth, scores = [], []
    for begin in range(0, len(data), _ROWS):
        x, y = data.gather(np.arange(begin, min(begin + _ROWS, len(data))), model.dtype)
        if begin == 0:
            # Raises under this name where they do not fit.
            feeds.of(model.inputs, model.dtype, x, "misclassified")
        truth.append(y)
        scores.append(scores_of(model, x))
    return np.concatenate(truth), np.concatenate(scores)
