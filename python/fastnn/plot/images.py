"""Grids of images: samples as a network sees them, and those that it takes for others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn._config import check_count
from fastnn.plot.figures import check_path, figure_class, save_figure
from fastnn.plot.given import (
    as_images,
    check_limits,
    check_model,
    check_names,
    class_name,
    class_names_of,
    classes_of,
    one_array,
    parts_of,
    rows_of_classes,
    scores_of,
)
from fastnn.plot.panels import INK

_RIGHT, _WRONG = INK, "#c0392b"
_CELL = 1.1  # inches
_ROWS = 1024  # of a data set at a time

Titles = list[tuple[str, str]]  # text and colour


def samples(
    x: Any,
    y: Any = None,
    predictions: Any = None,
    *,
    class_names: Sequence[str] | None = None,
    columns: int = 8,
    limits: tuple[float, float] | None = None,
    path: Any = None,
) -> Any:
    """Images in a grid, as a matplotlib figure, with what they are and what a network says.

    The global state of matplotlib (pyplot, backend) is not touched.

    Parameters
    ----------
    x : array, shape (N, C, H, W) or (N, H, W); or Dataset or Augmented of such images
        One channel is drawn in greys, three as red, green and blue. All are drawn: of a data set
        give a part, ``data[:32]``. Augmented ones are drawn as in epoch 0.
    y : int array, shape (N,), or array, shape (N, K), optional
        Labels or shares of the classes; of mixed samples the two largest are told. By default those
        of the data set.
    predictions : int array, shape (N,), or array, shape (N, K), optional
        Labels, or what ``model.predict`` gives. Where they differ from ``y``, a red "7 as 2" means
        a 7 taken for a 2.
    class_names : sequence of str, optional
        What the labels 0, 1, ... stand for; a label without a name is a number. By default those of
        the data set.
    columns : int, >= 1
    limits : (float, float), low < high, optional
        Values drawn black and white; by default [0, 255] for uint8, [0, 1] for floats of which 98 %
        are in [-0.5, 1.5] (noise may leave [0, 1]), else the smallest and largest value.
    path : path, optional
        File to write; its suffix decides the format.

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    ValueError
        If ``x`` holds no images, the others have another length, or an argument is out of range.
    TypeError
        If something else than numbers, names or integers is given.
    RuntimeError
        If matplotlib is not installed.

    Examples
    --------
    >>> import fastnn as fnn
    >>> _, held_out = fnn.datasets.digits()
    >>> figure = samples(held_out[:4], predictions=[0, 3, 8, 0])
    >>> [axis.get_title() for axis in figure.axes]
    ['0', '3', '8', '6 as 0']
    """
    x, labels, names = parts_of(x, "samples")
    images = as_images(x, "samples")
    columns = check_count("samples", "columns", columns)
    names = check_names(names if class_names is None else class_names, "samples")
    truth = rows_of_classes(labels if y is None else y, len(images), "samples", "y")
    told = rows_of_classes(predictions, len(images), "samples", "predictions")
    limits = check_limits(limits, "samples")
    check_path(path, "samples")
    figure = _drawn(images, _titles(len(images), truth, told, names), columns, limits, "samples")
    if path is not None:
        save_figure(figure, path)
    return figure


def misclassified(
    model: Any,
    data: Any,
    *,
    most: int = 32,
    columns: int = 8,
    path: Any = None,
) -> Any:
    """The samples that a network takes for another class, those first of which it is surest.

    Parameters
    ----------
    model : Model
        Of one input; gives a number for each class.
    data : Dataset, Augmented (as in epoch 0), or (x, y)
        Images, with labels or one-hot rows.
    most : int, >= 1
        Images drawn at most.
    columns : int, >= 1
    path : path, optional
        File to write; its suffix decides the format.

    Returns
    -------
    matplotlib Figure
        Each image with its class and the one predicted; the title counts them all.

    Raises
    ------
    ValueError
        If ``data`` is empty or has no labels of classes, if nothing is misclassified, or if the
        model's output is not (N, K) with K >= 2.
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
    columns = check_count(where, "columns", columns)
    check_model(model, where, images=False)
    classes_of(model, where, least=2)
    source = _data_set(data)
    check_path(path, where)
    truth, scores = _answers(model, source)
    wrong = np.flatnonzero(scores.argmax(axis=1) != _labels(truth))
    if not len(wrong):
        raise ValueError(f"{where}: data must have mistakes, got {len(truth)} right answers")
    order = wrong[np.argsort(-scores[wrong].max(axis=1), kind="stable")][:most]
    images = as_images(source.gather(order)[0], where)
    names = check_names(class_names_of(source), where)
    titles = _titles(len(order), truth[order], scores[order], names)
    figure = _drawn(images, titles, columns, None, where)
    figure.suptitle(f"{len(wrong)} of {len(truth)} misclassified", fontsize=9, color=INK)
    if path is not None:
        save_figure(figure, path)
    return figure


def _data_set(data: Any) -> Any:
    """A Dataset or an Augmented one of at least one image."""
    from fastnn.data import Augmented, Dataset

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
            model.feeds(x, "misclassified")  # raises under this name where they do not fit
        truth.append(y)
        scores.append(scores_of(model, x))
    return np.concatenate(truth), np.concatenate(scores)


def _drawn(
    images: NDArray[Any],
    titles: Titles,
    columns: int,
    limits: tuple[float, float] | None,
    where: str,
) -> Any:
    """A figure of images with titles."""
    columns = min(columns, len(images))
    low, high = limits_of(images) if limits is None else limits
    figure_type = figure_class(where)
    rows = -(-len(images) // columns)
    lines = max(text.count("\n") + 1 if text else 0 for text, _ in titles)
    height = (_CELL + 0.13 * lines) * rows
    figure: Any = figure_type(figsize=(_CELL * columns, height), dpi=120, layout="constrained")
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02, wspace=0.02, hspace=0.02)
    for i, (image, (text, color)) in enumerate(zip(images, titles, strict=True)):
        axis = figure.add_subplot(rows, columns, i + 1)
        draw_image(axis, image, low, high)
        if text:
            axis.set_title(text, fontsize=7, color=color, pad=2)
    return figure


def draw_image(axis: Any, image: NDArray[Any], low: float, high: float) -> None:
    """One image (C, H, W) on matplotlib axes, ``low`` in black and ``high`` in white."""
    scaled = np.clip((image - low) / (high - low), 0, 1) if high > low else image * 0
    shown = scaled[0] if len(image) == 1 else scaled.transpose(1, 2, 0)
    axis.imshow(shown, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axis.set_axis_off()


def limits_of(images: NDArray[Any]) -> tuple[float, float]:
    """Values drawn black and white, as `samples` has them by default."""
    if images.dtype == np.uint8:
        return 0.0, 255.0
    finite = images[np.isfinite(images)]
    if not finite.size:
        return 0.0, 1.0
    first, last = np.percentile(finite, [1, 99])
    return (
        (0.0, 1.0) if first >= -0.5 and last <= 1.5 else (float(finite.min()), float(finite.max()))
    )


def _labels(values: NDArray[Any]) -> NDArray[Any]:
    return values if values.ndim == 1 else values.argmax(axis=1)


def _titles(
    n: int,
    truth: NDArray[Any] | None,
    told: NDArray[Any] | None,
    class_names: Sequence[str] | None,
) -> Titles:
    """What is written above each image."""
    titles = []
    for i in range(n):
        text = "" if truth is None else _text(truth[i], class_names)
        if told is None:
            titles.append((text, _RIGHT))
            continue
        label = int(_labels(told[i : i + 1])[0])
        said = class_name(label, class_names)
        if truth is None:
            titles.append((said, _RIGHT))
        elif label == int(_labels(truth[i : i + 1])[0]):
            titles.append((text, _RIGHT))
        else:
            one_line = len(text) + len(said) < 8
            titles.append((f"{text}{' ' if one_line else chr(10)}as {said}", _WRONG))
    return titles


def _text(value: Any, class_names: Sequence[str] | None) -> str:
    """A label, or the largest shares of a mixed one."""
    if np.ndim(value) == 0:
        return class_name(int(value), class_names)
    value = value.astype(np.float64)  # of booleans there is no negative
    order = np.argsort(-value, kind="stable")
    first, second = int(order[0]), int(order[min(1, len(order) - 1)])
    if first == second or value[second] < 0.005:
        return class_name(first, class_names)
    return (
        f"{value[first]:.2f} {class_name(first, class_names)}\n"
        f"{value[second]:.2f} {class_name(second, class_names)}"
    )
