"""What the filters of a layer make of an image."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn._checks import check_count
from fastnn.inspection import feature_map, value_of
from fastnn.ops.tensor import as_array
from fastnn.plot.figures import check_path, image_grid, save_figure, set_title
from fastnn.plot.given import as_images, check_model, parts_of
from fastnn.plot.images import draw_image, limits_of

_HEAT = "inferno"
_BRIGHT = 99.5  # per cent of the values of maps are below the brightest colour


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
    size = " x ".join(map(str, maps.shape[1:]))
    parts = f"{len(maps)} maps" if len(shown) == len(maps) else f"{len(shown)} of {len(maps)} maps"
    heading = f"{layer}: {parts} of {size}, {low:.3g} (dark) to {high:.3g} or more"
    figure, axes = image_grid(len(shown) + 1, columns, where, heading=heading)
    drawn = as_images(images, where)
    draw_image(axes[0], drawn[0], *limits_of(drawn))
    set_title(axes[0], "image")
    for k, (axis, one) in enumerate(zip(axes[1:], shown, strict=True)):
        axis.imshow(one, cmap=_HEAT, vmin=low, vmax=high, interpolation="nearest")
        axis.set_axis_off()
        set_title(axis, str(k))
    if path is not None:
        save_figure(figure, path)
    return figure


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
