"""What a network has learned: the weights of a convolution as pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn._checks import check_count
from fastnn.nn.transposed import Transposed
from fastnn.ops.tensor import as_array
from fastnn.plot.figures import check_path, figure_class, save_figure
from fastnn.plot.panels import INK

_SIGNED = "RdBu_r"  # blue below 0, white, red above
_CELL = 0.75  # inches


def filters(
    model_or_weights: Any,
    layer: str | None = None,
    *,
    columns: int | None = None,
    most: int = 64,
    path: Any = None,
) -> Any:
    """Filters of a convolution, as a matplotlib figure.

    Filters for three channels are drawn in colour, grey for 0, those for one channel from blue
    (negative) over white (0) to red (positive); of others each row is a filter and each column one
    of the channels that it sees.

    Parameters
    ----------
    model_or_weights : Model, or array, shape (K, C, KH, KW) or (K, KH, KW)
        Numbers of any real dtype; NaN and infinity are left out of the scale.
    layer : str, optional
        Of a model the layer's name, or the parameter's; by default the first with such weights.
    columns : int, >= 1, optional
        Filters beside each other; by default as many as make a square.
    most : int, >= 1
        Filters drawn at most, and channels of each.
    path : path, optional
        File to write; its suffix decides the format.

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    ValueError
        If there are no such weights, or a number is out of range.
    TypeError
        If weights hold no numbers, or an argument is of the wrong kind.
    RuntimeError
        If matplotlib is not installed.

    Source
    ------
    Krizhevsky, Sutskever and Hinton, ImageNet classification with deep convolutional neural
    networks, NIPS (2012), figure 3.

    Examples
    --------
    >>> import fastnn as fnn
    >>> filters(fnn.networks.lenet5(), "c1").axes[0].get_title()
    'c1: 6 filters'
    """
    most = check_count("filters", "most", most)
    name, w = _weights(model_or_weights, layer)
    check_path(path, "filters")
    kernels, channels = w.shape[:2]
    w = w[:most]
    if channels == 3:
        pictures = w.transpose(0, 2, 3, 1)
    else:
        w = w[:, :most]
        columns = w.shape[1] if channels > 1 else columns
        pictures = w.reshape(-1, *w.shape[2:], 1)
    if columns is None:
        columns = int(np.ceil(np.sqrt(len(pictures))))
    columns = min(check_count("filters", "columns", columns), len(pictures))
    largest = float(np.abs(w[np.isfinite(w)]).max(initial=0.0)) or 1.0
    figure_type = figure_class("filters")
    rows = -(-len(pictures) // columns)
    cell = min(_CELL, 12 / max(rows, columns))
    width, height = cell * columns + (0 if channels == 3 else 0.9), cell * rows + 0.4
    figure: Any = figure_type(figsize=(max(width, 2.6), height), dpi=120, layout="constrained")
    axis = figure.add_subplot()
    drawn = _mosaic(pictures, columns)
    if channels == 3:
        axis.imshow(np.clip(drawn / (2 * largest) + 0.5, 0, 1), interpolation="nearest")
    else:
        shown = axis.imshow(
            drawn[..., 0], cmap=_SIGNED, vmin=-largest, vmax=largest, interpolation="nearest"
        )
        bar = figure.colorbar(shown, ax=axis, shrink=min(1.0, 2 / height), aspect=12)
        bar.ax.tick_params(labelsize=6, colors=INK)
        bar.outline.set_visible(False)
    axis.set_axis_off()
    plural = "" if kernels == 1 else "s"
    parts = f"{kernels} filter{plural}" if len(w) == kernels else f"{len(w)} of {kernels} filters"
    of = f", {channels} channels" if channels > 1 else ""
    axis.set_title(
        f"{name}: {parts}{of}" if name else parts + of, fontsize=8, color=INK, parse_math=False
    )
    if path is not None:
        save_figure(figure, path)
    return figure


def _turned(w: NDArray[Any], groups: int) -> NDArray[Any]:
    """(C, K / groups, ...), as a transposed convolution has it, as (K, C / groups, ...)."""
    channels, filters, *kernel = w.shape
    parted = w.reshape(groups, channels // groups, filters, *kernel)
    return np.swapaxes(parted, 1, 2).reshape(groups * filters, channels // groups, *kernel)


def _mosaic(pictures: NDArray[Any], columns: int) -> NDArray[Any]:
    """(M, H, W, D) beside and below each other, NaN (nothing is drawn) between them."""
    count, height, width, depth = pictures.shape
    rows = -(-count // columns)
    gap = 1 if max(height, width) <= 16 else 2
    drawn = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, depth), np.nan)
    for i, picture in enumerate(pictures):
        y, x = i // columns * (height + gap), i % columns * (width + gap)
        drawn[y : y + height, x : x + width] = picture
    return drawn


def _weights(given: Any, layer: str | None) -> tuple[str, NDArray[Any]]:
    """Name and weights (K, C, KH, KW)."""
    name, named = "", getattr(given, "parameters", None)
    if named is None:
        w = as_array(given, "filters", "model_or_weights")
        if layer is not None:
            raise ValueError(f"filters: layer must be left out with weights, got {layer!r}")
    else:
        weights = {k: v for k, v in named.items() if v.ndim in (3, 4)}
        found = [k for k in weights if layer in (None, k, k.rpartition(".")[0])]
        if not found:
            raise ValueError(
                "filters: layer must be one with weights (K, C, KH, KW), of "
                f"{', '.join(k.rpartition('.')[0] for k in weights) or 'which the model has none'}"
                f", got {layer!r}"
            )
        name, w = found[0].rpartition(".")[0], weights[found[0]]
        for one in getattr(given, "layers", ()):
            if one.name == name and isinstance(one, Transposed):
                w = _turned(w, one.groups)
    if w.ndim not in (3, 4) or w.size == 0:
        raise ValueError(
            "filters: model_or_weights must be a model or numbers (K, C, KH, KW) or (K, KH, KW), "
            f"got shape {w.shape}, dtype {w.dtype}"
        )
    return name, (w if w.ndim == 4 else w[:, None]).astype(np.float64)
