"""What users hand over to be drawn: checked, and told by its name, before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.data import Augmented, Dataset
from fastnn.model import Model
from fastnn.ops.tensor import as_array, shape_text

MOST = 2000  # images of a figure: they take 18 s of a core, and more than this nobody looks at


def parts_of(x: Any, where: str) -> tuple[Any, Any, Sequence[str] | None]:
    """Images, labels and class names of a data set; of anything else it and None.

    Parameters
    ----------
    x : Dataset, Augmented (as in epoch 0), or array
    where : str
        Head of error texts.

    Returns
    -------
    x : array
    y : array, or None
    class_names : sequence of str, or None

    Raises
    ------
    ValueError
        If a data set has several inputs, or there are more images than a figure takes.
    """
    _check_number(x, where)  # before any is copied: they may be as many as memory holds
    if not isinstance(x, Dataset | Augmented):
        return x, None, None
    images, y = x.gather(np.arange(len(x)))
    return one_array(images, where), y, class_names_of(x)


def _check_number(x: Any, where: str) -> None:
    try:
        n = len(x)
    except TypeError:  # nothing that could be images: told by those who look at it
        return
    if n > MOST:
        raise ValueError(f"{where}: x must be {MOST} images at most, got {n}; give a part of them")


def one_array(x: Any, where: str) -> NDArray[Any]:
    """What a data set gives out, which must be the input of a model with one."""
    if not isinstance(x, np.ndarray):
        raise ValueError(f"{where}: data must have one array of images, got {len(x)}")
    return x


def class_names_of(data: Any) -> Sequence[str] | None:
    """Those of a data set, or of the one that is augmented."""
    names: Sequence[str] | None = getattr(getattr(data, "dataset", data), "class_names", None)
    return names


def as_images(x: Any, where: str) -> NDArray[Any]:
    """Images as they are drawn: (N, C, H, W) with C 1 or 3, uint8 or float64."""
    images = as_array(x, where, "x")
    shape = images.shape
    if images.ndim == 3:
        images = images[:, None]
    if images.ndim != 4 or images.shape[1] not in (1, 3) or images.size == 0:
        raise ValueError(
            f"{where}: x must have shape (N, H, W) or (N, C, H, W) with C 1 or 3, got {shape}"
        )
    return images if images.dtype == np.uint8 else images.astype(np.float64)


def check_model(model: Any, where: str, images: bool = True) -> None:
    """Raise unless it is a model of one input and, if asked for, that of images (N, C, H, W)."""
    if not isinstance(model, Model):
        raise TypeError(f"{where}: model must be a Model, got {type(model).__name__}")
    if len(model.inputs) != 1 or images and model.inputs[0].ndim != 4:
        inputs = ", ".join(f'"{t.name}" {shape_text(t.shape)}' for t in model.inputs)
        raise ValueError(
            f"{where}: model must have one input{' of images (N, C, H, W)' if images else ''}, "
            f"got {inputs or 'none'}{'; model.inspect tells its numbers' if images else ''}"
        )


def classes_of(model: Any, where: str, least: int = 1) -> int:
    """How many classes a model gives a number for: K of its first output, (N, K)."""
    output = model.outputs[0]
    classes = int(output.shape[1] or 0) if output.ndim == 2 else 0
    if classes < least:
        raise ValueError(
            f"{where}: model must give a number for each class, (N, K), got shape "
            f"{shape_text(output.shape)}"
        )
    return classes


def scores_of(model: Any, x: Any) -> NDArray[Any]:
    """The first output of a model."""
    outputs = model.predict(x)
    return np.asarray(outputs if model.one_output else outputs[0])


def labels_of(label: Any, n: int, classes: int, where: str) -> NDArray[np.int64]:
    """The class asked for of each of n images."""
    array = as_array(label, where, "label")
    text = (
        f"{where}: label must be an integer in [0, {classes}), or one for each of {n} images, "
        f"got {label!r}"
    )
    if array.dtype.kind not in "iu":
        raise TypeError(text)
    labels = np.full(n, array) if array.ndim == 0 else array
    if labels.shape != (n,) or labels.min() < 0 or labels.max() >= classes:
        raise ValueError(text)
    return labels.astype(np.int64)


def rows_of_classes(values: Any, n: int, where: str, argument: str) -> NDArray[Any] | None:
    """Labels (N,) or rows (N, K) of n images, None where there are none."""
    if values is None:
        return None
    array = as_array(values, where, argument)
    if array.ndim not in (1, 2) or len(array) != n or array.size == 0:
        raise ValueError(
            f"{where}: {argument} must have shape ({n},) or ({n}, K) as x has {n} images, "
            f"got {array.shape}"
        )
    if array.ndim == 1 and array.dtype.kind == "f":
        raise TypeError(
            f"{where}: {argument} must be integer labels, or rows ({n}, K), got dtype {array.dtype}"
        )
    return array


def check_names(class_names: Any, where: str) -> Sequence[str] | None:
    """Texts for the labels 0, 1, ..., or None."""
    if class_names is None:
        return None
    is_list = hasattr(class_names, "__len__") and hasattr(class_names, "__getitem__")
    if isinstance(class_names, str | dict) or not is_list:
        raise TypeError(f"{where}: class_names must be a sequence of str, got {class_names!r}")
    for name in class_names:
        if not isinstance(name, str):
            raise TypeError(f"{where}: class_names must be a sequence of str, got {name!r} in it")
    return list(class_names)


def class_name(label: int, class_names: Sequence[str] | None) -> str:
    """What a label is called: its number where it has no name."""
    known = class_names is not None and 0 <= label < len(class_names)
    return class_names[label] if known and class_names is not None else str(label)


def check_limits(limits: Any, where: str) -> tuple[float, float] | None:
    """Values drawn black and white, or None."""
    if limits is None:
        return None
    array = as_array(limits, where, "limits").astype(np.float64)
    if array.shape != (2,) or not np.isfinite(array).all() or array[0] >= array[1]:
        raise ValueError(
            f"{where}: limits must be two finite numbers (low, high), low < high, got {limits!r}"
        )
    return float(array[0]), float(array[1])
