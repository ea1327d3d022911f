"""What a network sees in an image: its feature maps, and the pixels that speak for a class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn._config import check_count
from fastnn.ops.tensor import as_array
from fastnn.plot.figures import check_path, figure_class, save_figure
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
from fastnn.plot.panels import INK

_CELL = 1.1  # inches
_HEAT = "inferno"
_BRIGHT = 99.5  # per cent of the values of maps are below the brightest colour
_DIMMED = 0.5  # an image beneath heat


def feature_maps(
    model: Any, x: Any, layer: str, *, columns: int = 8, most: int = 64, path: Any = None
) -> Any:
    """An image and what the filters of a layer make of it, as a matplotlib figure.

    Parameters
    ----------
    model : Model
        Of one input, images; whatever it ends in.
    x : array, shape (C, H, W) or (1, C, H, W); or Dataset of one image, such as ``data[3:4]``
    layer : str
        Name of a layer that gives (N, K, H, W), activation included, or a name of
        ``Model.inspect``, such as "conv1.channels_first" (before the activation).
    columns : int, >= 1
    most : int, >= 1
        Maps drawn at most.
    path : path, optional
        File to write; its suffix decides the format.

    Returns
    -------
    matplotlib Figure
        The image, then the maps, all on one scale, which the title tells.

    Raises
    ------
    ValueError
        If the layer is none of the model, ``x`` is not one image, or a number is out of range.
    TypeError
        If ``model`` is no model, or an argument of the wrong kind.
    RuntimeError
        If matplotlib is not installed.

    Source
    ------
    Zeiler and Fergus, Visualizing and understanding convolutional networks, ECCV (2014).

    Examples
    --------
    >>> import fastnn as fnn
    >>> _, held_out = fnn.datasets.digits()
    >>> layers = [fnn.nn.Conv2d(4, 3, activation="relu", name="conv1")]
    >>> figure = feature_maps(fnn.Model(layers, input_shape=(1, 8, 8)), held_out.x[0], "conv1")
    >>> [axis.get_title() for axis in figure.axes]
    ['image', '0', '1', '2', '3']
    """
    from fastnn.inspection import feature_map, value_of

    where = "feature_maps"
    most, columns = check_count(where, "most", most), check_count(where, "columns", columns)
    check_model(model, where)
    images = _one_image(x)
    _, tensor = feature_map(model, layer, where)
    check_path(path, where)
    maps = np.asarray(value_of(model, tensor, images, where)[0], np.float64)
    shown = maps[:most]
    finite = shown[np.isfinite(shown)]
    low, high = float(finite.min(initial=0.0)), float(finite.max(initial=0.0))
    if finite.size:  # a few bright places do not leave the rest in the dark
        most_of_them = float(np.percentile(finite, _BRIGHT))
        high = most_of_them if most_of_them > low else high
    count = len(shown) + 1
    figure, axes = _grid(count, columns, where)
    drawn = as_images(images, where)
    draw_image(axes[0], drawn[0], *limits_of(drawn))
    axes[0].set_title("image", fontsize=7, color=INK, pad=2)
    for k, (axis, one) in enumerate(zip(axes[1:], shown, strict=True)):
        axis.imshow(one, cmap=_HEAT, vmin=low, vmax=high, interpolation="nearest")
        axis.set_axis_off()
        axis.set_title(str(k), fontsize=7, color=INK, pad=2)
    size = " x ".join(map(str, maps.shape[1:]))
    parts = f"{len(maps)} maps" if len(shown) == len(maps) else f"{len(shown)} of {len(maps)} maps"
    figure.suptitle(
        f"{layer}: {parts} of {size}, {low:.3g} (dark) to {high:.3g} or more", fontsize=9, color=INK
    )
    if path is not None:
        save_figure(figure, path)
    return figure


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
    from fastnn.inspection import feature_map, places

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


def _one_image(x: Any) -> NDArray[Any]:
    images = as_array(parts_of(x, "feature_maps")[0], "feature_maps", "x")
    shape = images.shape
    if images.ndim == 3:
        images = images[None]
    if images.ndim != 4 or len(images) != 1:
        raise ValueError(
            f"feature_maps: x must be one image, (C, H, W) or (1, C, H, W), got shape {shape}"
        )
    as_images(images, "feature_maps")
    return images


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
    model.feeds(images, where)  # raises under this name where they do not fit
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
    figure, axes = _grid(2 * blocks * columns, columns, where, blocks)
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
            axis.set_title(name, fontsize=7, color=INK, pad=2)
            continue
        one = heat[at] / (heat[at].max() or 1.0)
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


def _grid(count: int, columns: int, where: str, titled: int | None = None) -> tuple[Any, list[Any]]:
    """A figure and its axes, row by row; ``titled`` rows have a title, by default all."""
    columns = min(columns, count)
    rows = -(-count // columns)
    size = _CELL * columns, _CELL * rows + 0.16 * (rows if titled is None else titled)
    figure: Any = figure_class(where)(figsize=size, dpi=120, layout="constrained")
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02, wspace=0.02, hspace=0.02)
    return figure, [figure.add_subplot(rows, columns, i + 1) for i in range(count)]
