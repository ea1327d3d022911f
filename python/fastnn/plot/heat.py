"""Which pixels of an image speak for a class: its gradient, and Grad-CAM."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn import feeds
from fastnn._checks import check_count
from fastnn.inspection import feature_map, places
from fastnn.ops.tensor import as_array
from fastnn.plot.figures import check_path, image_grid, save_figure, set_title
from fastnn.plot.given import (
    as_images,
    check_model,
    check_names,
    class_name,
    classes_of,
    labels_of,
    parts_of,
    scores_of,
)
from fastnn.plot.images import draw_image, limits_of

_HEAT = "inferno"
_DIMMED = 0.5  # an image beneath heat


def saliency(
    model: Any,
    x: Any,
    label: Any = None,
    *,
    class_names: Sequence[str] | None = None,
    columns: int = 8,
    path: Any = None,
) -> Any:
    """Images, and below each how much each pixel changes the score of a class.

    Parameters
    ----------
    model : Model
        Of one input, images; gives a number for each class.
    x : array, shape (N, C, H, W) or (C, H, W), with C 1 or 3; or Dataset or Augmented of images
        2000 at most.
    label : int, or int array, shape (N,), optional
        The class, in [0, K); by default the one that the model predicts.
    class_names : sequence of str, optional
        What the labels 0, 1, ... stand for; a label without a name is a number. By default those of
        the data set.
    columns : int, >= 1
    path : path, optional
        File to write; its suffix decides the format.

    Returns
    -------
    matplotlib Figure
        Bright: the largest absolute gradient of the channels, each image on its own scale.

    Raises
    ------
    ValueError
        If ``x`` does not fit the model, a label is out of range, or the model's first output is not
        (N, K).
    TypeError
        If ``model`` is no model, or an argument of the wrong kind.
    RuntimeError
        If matplotlib is not installed.

    Source
    ------
    Simonyan, Vedaldi and Zisserman, Deep inside convolutional networks, ICLR workshop (2014).

    Examples
    --------
    >>> import fastnn as fnn
    >>> _, held_out = fnn.datasets.digits()
    >>> model = fnn.Model([fnn.nn.Flatten(), fnn.nn.Dense(10, "softmax")], input_shape=(1, 8, 8))
    >>> figure = saliency(model, held_out[:3], label=7)
    >>> [axis.get_title() for axis in figure.axes]
    ['7', '7', '7', '', '', '']
    """
    where = "saliency"
    columns = check_count(where, "columns", columns)
    images, labels, names = _classified(model, x, label, class_names, path, where)
    gradient = model.inspect(images, labels)[model.input_names[0]].grad
    heat = np.abs(np.asarray(gradient, np.float64)).max(axis=1)
    return _below(where, images, heat, labels, names, columns, path)


def class_activation(
    model: Any,
    x: Any,
    label: Any = None,
    layer: str | None = None,
    *,
    class_names: Sequence[str] | None = None,
    columns: int = 8,
    path: Any = None,
) -> Any:
    """Images, and below each the places that speak for a class: Grad-CAM.

    ``L = relu(sum_k a_k A_k)``: the maps A_k of a layer, weighted by the mean a_k over all places
    of the score's gradient for them. Where global average pooling and one dense layer follow, these
    are the class activation maps of Zhou et al.

    Parameters
    ----------
    model : Model
        Of one input, images; gives a number for each class.
    x : array, shape (N, C, H, W) or (C, H, W), with C 1 or 3; or Dataset or Augmented of images
        2000 at most.
    label : int, or int array, shape (N,), optional
        The class, in [0, K); by default the one that the model predicts.
    layer : str, optional
        Name of a layer that gives (N, K, H, W); by default what is left of the last convolution
        before the image is pooled away.
    class_names : sequence of str, optional
        What the labels 0, 1, ... stand for; a label without a name is a number. By default those of
        the data set.
    columns : int, >= 1
    path : path, optional
        File to write; its suffix decides the format.

    Returns
    -------
    matplotlib Figure
        Bright over the image in grey: much, each image on its own scale.

    Raises
    ------
    ValueError
        If ``x`` does not fit the model, a label is out of range, the layer is none of the model, or
        its first output is not (N, K).
    TypeError
        If ``model`` is no model, or an argument of the wrong kind.
    RuntimeError
        If matplotlib is not installed.

    Source
    ------
    Selvaraju et al., Grad-CAM: visual explanations from deep networks via gradient-based
    localization, ICCV (2017); Zhou et al., Learning deep features for discriminative localization,
    CVPR (2016).

    Examples
    --------
    >>> import fastnn as fnn
    >>> _, held_out = fnn.datasets.digits()
    >>> layers = [fnn.nn.Conv2d(4, 3), fnn.nn.Flatten(), fnn.nn.Dense(10, "softmax")]
    >>> model = fnn.Model(layers, input_shape=(1, 8, 8))
    >>> figure = class_activation(model, held_out.x[0], label=0)
    >>> [axis.get_title() for axis in figure.axes]
    ['0', '']
    """
    where = "class_activation"
    columns = check_count(where, "columns", columns)
    check_model(model, where)
    key, tensor = feature_map(model, layer, where)
    images, labels, names = _classified(model, x, label, class_names, path, where)
    maps, gradient = (np.asarray(a, np.float64) for a in model.inspect(images, labels)[key])
    weights = gradient.mean(axis=(2, 3), keepdims=True)
    heat = np.maximum((weights * maps).sum(axis=1), 0)
    extent = _extent(places(tensor), heat.shape[1:], images.shape[2:])
    return _below(where, images, heat, labels, names, columns, path, extent)


def _extent(at: Any, size: Sequence[int], image: Sequence[int]) -> tuple[float, ...]:
    """Left, right, bottom and top of a map on its image; over all of it where none can be told."""
    edges = []
    for axis in (0, 1):
        first, step = at[axis] if at else (0.0, 0.0)
        low, high = first - step / 2, first + step * (size[axis] - 0.5)
        edges.append((low, high) if at else (-0.5, image[axis] - 0.5))
    (top, bottom), (left, right) = edges
    return left, right, bottom, top


def _classified(
    model: Any, x: Any, label: Any, class_names: Any, path: Any, where: str
) -> tuple[NDArray[Any], NDArray[np.int64], Sequence[str] | None]:
    """Images (N, C, H, W), the class asked for of each, and what classes are called."""
    check_model(model, where)
    classes = classes_of(model, where)
    given, _, names = parts_of(x, where)
    images = as_array(given, where, "x")
    images = images[None] if images.ndim == 3 else images
    as_images(images, where)
    feeds.of(
        model.inputs, model.dtype, images, where
    )  # raises under this name where they do not fit
    names = check_names(names if class_names is None else class_names, where)
    check_path(path, where)
    if label is None:
        return images, scores_of(model, images).argmax(axis=1), names
    return images, labels_of(label, len(images), classes, where), names


def _below(
    where: str,
    x: NDArray[Any],
    heat: NDArray[np.float64],
    labels: NDArray[Any],
    class_names: Sequence[str] | None,
    columns: int,
    path: Any,
    extent: tuple[float, ...] | None = None,
) -> Any:
    """Rows of images, and below each of these a row of what is hot in them."""
    images = as_images(x, where)
    columns = min(columns, len(images))
    blocks = -(-len(images) // columns)
    figure, axes = image_grid(2 * blocks * columns, columns, where, [1, 0])
    low, high = limits_of(images)
    height, width = images.shape[2:]
    for i, axis in enumerate(axes):
        block, row, column = i // (2 * columns), i // columns % 2, i % columns
        at = block * columns + column
        axis.set_axis_off()
        if at >= len(images):
            continue
        if row == 0:
            draw_image(axis, images[at], low, high)
            name = class_name(int(labels[at]), class_names)
            set_title(axis, name)
            continue
        finite = np.where(np.isfinite(heat[at]), heat[at], 0.0)  # the rest cannot be told
        one = finite / (finite.max() or 1.0)
        if extent is None:
            axis.imshow(one, cmap=_HEAT, vmin=0, vmax=1, interpolation="nearest")
            continue
        grey = images[at].mean(axis=0, keepdims=True)
        draw_image(axis, low + _DIMMED * (grey - low), low, high)
        axis.imshow(
            one, cmap=_HEAT, vmin=0, vmax=1, interpolation="bilinear",
            alpha=0.85 * one, extent=extent,
        )  # fmt: skip
        axis.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
    if path is not None:
        save_figure(figure, path)
    return figure
