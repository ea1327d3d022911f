"""Grids of images: samples as a network sees them, and those that it takes for others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn._config import check_count
from fastnn.plot.figures import figure_class, save_figure
from fastnn.plot.panels import INK

_RIGHT, _WRONG = INK, "#c0392b"
_CELL = 1.1  # inches


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
    x : array, shape (N, C, H, W) or (N, H, W)
        One channel is drawn in greys, three as red, green and blue. A data set's part:
        ``samples(*data[:32].gather(np.arange(32)))``.
    y : array, shape (N,) or (N, K), optional
        Labels or shares of the classes; of mixed samples the two largest are told.
    predictions : array, shape (N,) or (N, K), optional
        Labels, or what ``model.predict`` gives. Where they differ from ``y``, a red "7 as 2" means
        a 7 taken for a 2.
    class_names : sequence of str, optional
        What the labels stand for: ``Dataset.class_names``.
    columns : int, >= 1
    limits : (float, float), optional
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
        If ``x`` holds no images, or the others have another length.
    RuntimeError
        If matplotlib is not installed.
    """
    images = as_images(x, "samples")
    columns = min(check_count("samples", "columns", columns), len(images))
    titles = _titles(len(images), y, predictions, class_names)
    low, high = limits_of(images) if limits is None else limits
    figure_type = figure_class("samples")
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
        Gives a number for each class.
    data : Dataset
        Of images, with labels or one-hot rows.
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
        If ``data`` has no labels of classes, or nothing is misclassified.
    RuntimeError
        If matplotlib is not installed.
    """
    check_count("misclassified", "most", most)
    y = None if data.y is None else np.asarray(data.y)
    if y is None or y.ndim not in (1, 2):
        raise ValueError(
            "misclassified: data must have labels (N,) or one-hot rows (N, K), got "
            f"{'none' if y is None else f'shape {y.shape}'}"
        )
    scores = np.concatenate(
        [
            np.asarray(model.predict(data[begin : begin + 1024].x))
            for begin in range(0, len(data), 1024)
        ]
    )
    if scores.ndim != 2 or scores.shape[1] < 2:
        raise ValueError(
            "misclassified: model must give a number for each class, (N, K), got shape "
            f"{scores.shape}"
        )
    wrong = np.flatnonzero(scores.argmax(axis=1) != _labels(y))
    if not len(wrong):
        raise ValueError(f"misclassified: data must have mistakes, got {len(data)} right answers")
    order = wrong[np.argsort(-scores[wrong].max(axis=1), kind="stable")][:most]
    figure = samples(
        data[order].x, y[order], scores[order], class_names=data.class_names, columns=columns
    )
    figure.suptitle(f"{len(wrong)} of {len(data)} misclassified", fontsize=9, color=INK)
    if path is not None:
        save_figure(figure, path)
    return figure


def draw_image(axis: Any, image: NDArray[Any], low: float, high: float) -> None:
    """One image (C, H, W) on matplotlib axes, ``low`` in black and ``high`` in white."""
    scaled = np.clip((image - low) / (high - low), 0, 1) if high > low else image * 0
    shown = scaled[0] if len(image) == 1 else scaled.transpose(1, 2, 0)
    axis.imshow(shown, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axis.set_axis_off()


def as_images(x: Any, where: str) -> NDArray[Any]:
    """Images as they are drawn: (N, C, H, W) with C 1 or 3, uint8 or float64."""
    images = np.asarray(x)
    shape = images.shape
    if images.ndim == 3:
        images = images[:, None]
    if images.ndim != 4 or images.shape[1] not in (1, 3) or images.size == 0:
        raise ValueError(
            f"{where}: x must have shape (N, H, W) or (N, C, H, W) with C 1 or 3, got {shape}"
        )
    if images.dtype.kind not in "fiub":
        raise TypeError(f"{where}: x must hold numbers, got dtype {images.dtype}")
    return images if images.dtype == np.uint8 else images.astype(np.float64)


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
    n: int, y: Any, predictions: Any, class_names: Sequence[str] | None
) -> list[tuple[str, str]]:
    """Text and colour above each image."""
    given = []
    for name, values in (("y", y), ("predictions", predictions)):
        array = None if values is None else np.asarray(values)
        if array is not None and (array.ndim not in (1, 2) or len(array) != n):
            raise ValueError(
                f"samples: {name} must have shape ({n},) or ({n}, K) as x has {n} images, "
                f"got {array.shape}"
            )
        given.append(array)
    truth, told = given
    titles = []
    for i in range(n):
        text = "" if truth is None else _text(truth[i], class_names)
        if told is None:
            titles.append((text, _RIGHT))
            continue
        label = int(_labels(told[i : i + 1])[0])
        said = _name(label, class_names)
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
        return _name(int(value), class_names)
    order = np.argsort(-value, kind="stable")
    first, second = int(order[0]), int(order[min(1, len(order) - 1)])
    if first == second or value[second] < 0.005:
        return _name(first, class_names)
    return (
        f"{value[first]:.2f} {_name(first, class_names)}\n"
        f"{value[second]:.2f} {_name(second, class_names)}"
    )


def _name(label: int, class_names: Sequence[str] | None) -> str:
    known = class_names is not None and 0 <= label < len(class_names)
    return class_names[label] if known and class_names is not None else str(label)
