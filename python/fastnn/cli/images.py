"""Image files as the input of a network."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastnn.cli.output import Failure
from fastnn.datasets._images import (
    deep_greys,
    is_deep,
    on_white,
    open_image,
    pillow,
    pixels_of,
    reason_of,
    unreadable,
)
from fastnn.ops.tensor import shape_text

Image = NDArray[np.float32]


def size_of(shape: tuple[int | None, ...]) -> tuple[int, int, int]:
    """Channels, height and width of the images that an input of this shape (with N) takes.

    Examples
    --------
    >>> size_of((None, 1, 28, 28)), size_of((None, 64)), size_of((None, 3, 32, 32))
    ((1, 28, 28), (1, 8, 8), (3, 32, 32))
    """
    match shape[1:]:
        case (1 | 3 as channels, int(height), int(width)):
            return channels, height, width
        case (int(height), int(width)):
            return 1, height, width
        case (int(pixels),) if math.isqrt(pixels) ** 2 == pixels:
            return 1, math.isqrt(pixels), math.isqrt(pixels)
    raise Failure(
        "predict: MODEL must take images, (N, 1, H, W), (N, H, W) or (N, H * H) in grey or "
        f"(N, 3, H, W) in colour, got one that takes {shape_text(shape)}"
    )


def read(path: str, height: int, width: int, invert: bool | None) -> Image:
    """One image as (height, width) in [0, 1], light ink on a dark ground.

    Transparent parts are white; colours become grey; the ground is added around it until the sides
    have the ratio height / width; then it is resized, averaging over areas.

    Parameters
    ----------
    path : str
        A file of any kind that Pillow reads.
    height, width : int
        What the network takes.
    invert : bool, optional
        Whether to swap dark and light; by default where the median of the border is light.

    Raises
    ------
    Failure
        If Pillow is missing, or the file is no image or lacks a part of it.
    """
    grey = _grey(path)
    border = np.concatenate([grey[0], grey[-1], grey[1:-1, 0], grey[1:-1, -1]])
    if invert or (invert is None and np.median(border) > 0.5):
        grey, border = 1 - grey, 1 - border
    return _fitted(grey, float(np.median(border)), height, width)


def read_color(path: str, height: int, width: int, invert: bool | None) -> Image:
    """One photograph as (3, height, width) in [0, 1], read as `fastnn.datasets.image_folder` does.

    Parameters
    ----------
    path : str
        A file of any kind that Pillow reads.
    height, width : int
        What the network takes: the image is resized until it covers them, the middle is kept.
    invert : bool, optional
        Whether to swap dark and light.

    Raises
    ------
    Failure
        If Pillow is missing, or the file is no image or lacks a part of it.
    """
    with _told(path) as pil:
        pixels = pixels_of(pil, open_image(pil, Path(path)), "RGB", (height, width))
    scaled = pixels.astype(np.float32) / np.float32(255)
    return 1 - scaled if invert else scaled


def _grey(path: str) -> Image:
    """The image's pixels as greys in [0, 1]."""
    with _told(path) as pil:
        image = open_image(pil, Path(path))
        if is_deep(image):
            return deep_greys(image).astype(np.float32) / np.float32(65535)
        if image.mode == "F":
            return np.clip(np.nan_to_num(np.asarray(image, dtype=np.float32)), 0, 1)
        grey = on_white(pil, image).convert("L")
        return np.asarray(grey, dtype=np.float32) / np.float32(255)


@contextmanager
def _told(path: str) -> Iterator[Any]:
    """Pillow; what goes wrong with the file as the command tells it."""
    pil = _pillow()
    try:
        yield pil
    except FileNotFoundError:
        raise Failure(f"predict: IMAGE must name a file, got {path!r}") from None
    except IsADirectoryError:
        raise Failure(f"predict: IMAGE must name a file, got the folder {path!r}") from None
    except pil.UnidentifiedImageError:
        raise Failure(
            f"predict: IMAGE must be an image such as PNG or JPEG, got {path!r}"
        ) from None
    except unreadable(pil) as error:
        reason = reason_of(pil, error)
        raise Failure(f"predict: IMAGE must be readable, got {path!r} with {reason}") from None


def _fitted(grey: Image, ground: float, height: int, width: int) -> Image:
    """The image padded to the ratio height / width and resized."""
    pil = _pillow()
    rows, columns = grey.shape
    side = max(rows / height, columns / width)
    padded_rows, padded_columns = max(rows, round(side * height)), max(columns, round(side * width))
    top, left = (padded_rows - rows) // 2, (padded_columns - columns) // 2
    padded = np.full((padded_rows, padded_columns), ground, np.float32)
    padded[top : top + rows, left : left + columns] = grey
    shrinks = padded_rows >= height
    how = pil.Image.Resampling.BOX if shrinks else pil.Image.Resampling.BILINEAR
    resized = pil.Image.fromarray(padded).resize((width, height), how)
    return np.clip(np.asarray(resized, dtype=np.float32), 0, 1)


def _pillow() -> Any:
    try:
        return pillow("predict")
    except RuntimeError as error:
        raise Failure(str(error)) from None
