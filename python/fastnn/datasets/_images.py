"""Files of images, by Pillow where it is installed."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pathlib import Path


def pillow(where: str) -> Any:
    """The package PIL; ``where`` begins the text of a RuntimeError."""
    try:
        import PIL.Image
        import PIL.ImageOps
    except ImportError:
        raise RuntimeError(
            f"{where}: Pillow must be installed to read images, got none; pip install pillow"
        ) from None
    return PIL


def open_image(pil: Any, path: Path) -> Any:
    """The image in a file, all of it there, turned as its camera says.

    Raises
    ------
    OSError, SyntaxError, ValueError, Image.DecompressionBombError
        Of the system and of Pillow; `reason_of` tells what they mean.
    """
    from fastnn._png import check_whole

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Pillow, about odd but readable files
        content = path.read_bytes()
        with pil.Image.open(io.BytesIO(content)) as opened:
            opened.load()
            check_whole(content)
            return pil.ImageOps.exif_transpose(opened)


def unreadable(pil: Any) -> tuple[type[BaseException], ...]:
    """What `open_image` raises."""
    return OSError, SyntaxError, ValueError, pil.Image.DecompressionBombError


def reason_of(pil: Any, error: BaseException) -> str:
    """Why an image could not be read, in a few words."""
    if isinstance(error, pil.UnidentifiedImageError):
        return "bytes that are no image"
    return str(getattr(error, "strerror", None) or error)


def on_white(pil: Any, image: Any) -> Any:
    """The image with white where it is transparent."""
    if image.mode not in ("LA", "PA", "RGBA") and "transparency" not in image.info:
        return image
    rgba = image.convert("RGBA")
    return pil.Image.alpha_composite(pil.Image.new("RGBA", rgba.size, "white"), rgba)


def is_deep(image: Any) -> bool:
    """Whether pixels are integers of more than 8 bits."""
    return bool(image.mode.startswith("I"))


def deep_greys(image: Any) -> NDArray[Any]:
    """The pixels of such an image, in 0..65535."""
    pixels = np.asarray(image)
    if pixels.size and not 0 <= pixels.min() <= pixels.max() <= 65535:
        raise ValueError("integers beyond 16 bits, of which nobody knows what is white")
    return pixels


def read_image(
    pil: Any, path: Path, mode: str, size: tuple[int, int] | None, where: str
) -> NDArray[np.uint8]:
    """The pixels of a file; its errors name the file."""
    try:
        return pixels_of(pil, open_image(pil, path), mode, size)
    except unreadable(pil) as error:
        reason = reason_of(pil, error)
        raise OSError(f"{where}: {path} must be a readable image, got {reason}") from None


def pixels_of(pil: Any, image: Any, mode: str, size: tuple[int, int] | None) -> NDArray[np.uint8]:
    """One image as (C, H, W), of ``size`` (height, width) if given: scaled to cover it, the middle kept."""
    if is_deep(image):  # which convert() would cut off at 255
        image = pil.Image.fromarray((deep_greys(image) >> 8).astype(np.uint8))
    if image.mode == "F":  # numbers from 0 to 1, which convert() would take for 0 to 255
        scaled = np.clip(np.nan_to_num(np.asarray(image)), 0, 1) * 255
        image = pil.Image.fromarray(np.rint(scaled).astype(np.uint8))
    image = on_white(pil, image).convert(mode)
    if size is not None:
        shrinks = min(image.height / size[0], image.width / size[1]) >= 1
        how = pil.Image.Resampling.BOX if shrinks else pil.Image.Resampling.BICUBIC
        image = pil.ImageOps.fit(image, size[::-1], how)
    pixels = np.asarray(image, np.uint8)
    rows = pixels[..., None] if pixels.ndim == 2 else pixels
    return np.ascontiguousarray(rows.transpose(2, 0, 1))
