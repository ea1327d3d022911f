"""Folders of images, one for each class."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from fastnn._checks import check_pair
from fastnn.atomic import file_name
from fastnn.data import Dataset
from fastnn.datasets._images import pillow, read_image

if TYPE_CHECKING:
    from pathlib import Path

_SUFFIXES = (
    ".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp",
)  # fmt: skip
_WHERE = "image_folder"


def image_folder(
    root: str | os.PathLike[str],
    size: int | tuple[int, int] | None = None,
    mode: Literal["RGB", "L"] = "RGB",
) -> Dataset:
    """Images in folders that are named after their classes: ``root/cat/1.jpg``, ``root/dog/a.png``.

    Classes are the subfolders in the order of their names; folders below them belong to the class;
    names that begin with a dot, and files of other kinds than images (by their suffix), are passed
    over. Transparent parts become white; photographs are turned as their camera says. All pixels
    are held in memory, as uint8. Needs Pillow: ``pip install pillow``.

    Parameters
    ----------
    root : path
        The folder that holds one folder for each class.
    size : int or (height, width), optional
        What all images are brought to: scaled (sampled over areas) until they just cover it, and
        the middle cut out. Without it they must be of one size.
    mode : "RGB" or "L"
        Three channels, or one of greys.

    Returns
    -------
    Dataset
        ``x`` float32 (N, 3, H, W), or (N, 1, H, W) of greys, in [0, 1]; ``y`` int64 (N,), the
        number of the class; ``class_names``. Class by class: ``split`` parts them at random.

    Raises
    ------
    OSError
        If there are no classes or images, or a file cannot be read as an image.
    ValueError
        If ``size`` or ``mode`` is something else, or sizes differ and ``size`` is not given.
    RuntimeError
        If Pillow is not installed.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> root = Path(tempfile.mkdtemp())
    >>> for name, grey in (("dark", 0), ("light", 255)):
    ...     (root / name).mkdir()
    ...     _ = (root / name / "1.pgm").write_bytes(b"P5 2 2 255 " + bytes([grey] * 4))
    >>> data = image_folder(root, mode="L")
    >>> data.x.shape, data.class_names, data.x[:, 0, 0, 0].tolist()
    ((2, 1, 2, 2), ('dark', 'light'), [0.0, 1.0])
    """
    from pathlib import Path

    wanted = None if size is None else check_pair(_WHERE, "size", size)
    if mode not in ("RGB", "L"):
        raise ValueError(f"{_WHERE}: mode must be RGB or L, got {mode!r}")
    pil = pillow(_WHERE)
    folder = Path(file_name(root, _WHERE, "root")).expanduser()
    classes = _classes(folder)
    files = [(path, label) for label, name in enumerate(classes) for path in _files(folder / name)]
    images: NDArray[np.uint8] | None = None
    for i, (path, _) in enumerate(files):
        image = read_image(pil, path, mode, wanted, _WHERE)
        if images is None:
            images = np.empty((len(files), *image.shape), np.uint8)
        if image.shape != images.shape[1:]:
            raise ValueError(
                f"{_WHERE}: images must be {images.shape[2]} x {images.shape[3]} pixels as "
                f"{files[0][0]} is, got {image.shape[1]} x {image.shape[2]} in {path}; "
                "give a size, such as size=32"
            )
        images[i] = image
    assert images is not None
    labels = np.array([label for _, label in files], np.int64)
    return Dataset(images, labels, scale=1 / 255, class_names=classes)


def _classes(folder: Path) -> list[str]:
    if not folder.is_dir():
        raise OSError(f"{_WHERE}: root must name a folder, got {str(folder)!r}")
    names = sorted(p.name for p in folder.iterdir() if p.is_dir() and p.name[0] != ".")
    if not names:
        raise OSError(
            f"{_WHERE}: root must hold a folder for each class, got none in {str(folder)!r}"
        )
    return names


def _files(folder: Path) -> list[Path]:
    from pathlib import Path

    found = []
    for base, below, names in os.walk(folder):
        below[:] = sorted(name for name in below if name[0] != ".")
        found += [
            Path(base) / name
            for name in names
            if name[0] != "." and os.path.splitext(name)[1].lower() in _SUFFIXES
        ]
    if not found:
        raise OSError(f"{_WHERE}: root must hold images of every class, got none in {folder}")
    return sorted(found)
