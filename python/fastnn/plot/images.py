"""Grids of images: samples as a network sees them, with what they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn._checks import check_count
from fastnn.plot.figures import check_path, image_grid, save_figure, set_title
from fastnn.plot.given import (
    as_images,
    check_limits,
    check_names,
    class_name,
    parts_of,
    rows_of_classes,
)
from fastnn.plot.panels import INK

_RIGHT, _WRONG = INK, "#c0392b"

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
        One channel is drawn in greys, three as red, green and blue. All are drawn, 2000 at most: of
        a data set give a part, ``data[:32]``. Augmented ones are drawn as in epoch 0.
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
    figure = images_drawn(
        images, titles_of(len(images), truth, told, names), columns, limits, "samples"
    )
    if path is not None:
        save_figure(figure, path)
    return figure


def images_drawn(
    images: NDArray[Any],
    titles: Titles,
    columns: int,
    limits: tuple[float, float] | None,
    where: str,
    heading: str = "",
) -> Any:
    """A figure of images with titles."""
    low, high = limits_of(images) if limits is None else limits
    lines = max(text.count("\n") + 1 if text else 0 for text, _ in titles)
    figure, axes = image_grid(len(images), columns, where, [lines], heading)
    for axis, image, (text, color) in zip(axes, images, titles, strict=True):
        draw_image(axis, image, low, high)
        if text:
            set_title(axis, text, color)
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


def labels_in(values: NDArray[Any]) -> NDArray[Any]:
    """The class of each of labels (N,) or rows (N, K)."""
    return values if values.ndim == 1 else values.argmax(axis=1)


def titles_of(
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
        label = int(labels_in(told[i : i + 1])[0])
        said = class_name(label, class_names)
        if truth is None:
            titles.append((said, _RIGHT))
        elif label == int(labels_in(truth[i : i + 1])[0]):
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
