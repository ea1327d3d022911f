"""A part of CIFAR-10 in one file of NumPy."""

from __future__ import annotations

import os
import zipfile
import zlib
from typing import Any, NamedTuple

import numpy as np

from fastnn.data import Dataset
from fastnn.datasets._cifar10 import CLASSES
from fastnn.datasets._places import folders, listed

NAME = "cifar10_subset"


class Part(NamedTuple):
    """Names of its arrays, its samples, and the MD5 of images and labels together."""

    name: str
    samples: int
    md5: str


PARTS = (
    Part("train", 10000, "0a3bb9356895148886d97d60b1ce5d83"),
    Part("val", 2000, "13c3c60aaa164d0d2205c676c09dd7c0"),
    Part("test", 1000, "b204121e8ef9f402655c3ca41071269f"),
)


def cifar10_subset(root: str | os.PathLike[str] | None = None) -> tuple[Dataset, Dataset, Dataset]:
    """13000 of the 60000 photographs of CIFAR-10, for experiments of minutes.

    The file ``cifar10_subset.npz`` is taken from ``root``, else from the folder in the environment
    variable FASTNN_DATA, else from the cache (as in ``cifar10``); in each from the folder itself or
    its subfolder ``cifar10_subset``. Its arrays are checked each time: shapes, MD5, labels.
    Accuracies are not comparable with those published for all of CIFAR-10.

    Parameters
    ----------
    root : path, optional
        Folder of the file.

    Returns
    -------
    train, validation, test : Dataset
        The first 1000 training images of each class, the next 200 of each, and the first 1000 test
        images: ``x`` float32 (N, 3, 32, 32) in [0, 1], ``y`` int64 (N,), ``class_names``.

    Raises
    ------
    OSError
        If the file is missing, damaged or another one, or FASTNN_DATA names no folder.

    Source
    ------
    A. Krizhevsky, Learning multiple layers of features from tiny images, technical report,
    University of Toronto (2009).

    Examples
    --------
    >>> train, validation, test = cifar10_subset()  # doctest: +SKIP
    >>> train.x.shape, len(validation), len(test)  # doctest: +SKIP
    ((10000, 3, 32, 32), 2000, 1000)

    There is no download: a folder without the file is an error.

    >>> import tempfile
    >>> cifar10_subset(tempfile.mkdtemp())  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    OSError: cifar10_subset: root, FASTNN_DATA or the cache must hold cifar10_subset.npz, got none...
    """
    return load(root)


def load(
    root: str | os.PathLike[str] | None, parts: tuple[Part, ...] = PARTS
) -> tuple[Dataset, Dataset, Dataset]:
    """The three parts of the file."""
    places = list(folders(NAME, (NAME,), root))
    path = next((p / f"{NAME}.npz" for p in places if (p / f"{NAME}.npz").is_file()), None)
    if path is None:
        raise OSError(
            f"{NAME}: root, FASTNN_DATA or the cache must hold {NAME}.npz, got none in "
            f"{listed(places)}"
        )
    try:
        with open(path, "rb") as file:
            if not zipfile.is_zipfile(file):  # NumPy would take it for a pickle
                raise zipfile.BadZipFile("one that is no zip archive")
            file.seek(0)
            with np.load(file, allow_pickle=False) as arrays:
                train, validation, test = (_part(f"{NAME}: {path}", arrays, part) for part in parts)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError) as error:
        raise OSError(f"{NAME}: {path} must be a sound npz file, got {error}") from None
    return train, validation, test


def _part(where: str, arrays: Any, part: Part) -> Dataset:
    import hashlib

    names = f"x_{part.name}", f"y_{part.name}"
    missing = [name for name in names if name not in arrays]
    if missing:
        raise OSError(f"{where} must hold {missing[0]}, got {', '.join(arrays) or 'nothing'}")
    x, y = (arrays[name] for name in names)
    for name, array, shape in zip(
        names, (x, y), ((part.samples, 32, 32, 3), (part.samples,)), strict=True
    ):
        if array.shape != shape or array.dtype != np.uint8:
            raise OSError(
                f"{where} must hold {name} as uint8 {shape}, got {array.dtype} {array.shape}"
            )
    digest = hashlib.md5(np.ascontiguousarray(x).data, usedforsecurity=False)
    digest.update(np.ascontiguousarray(y).data)
    if digest.hexdigest() != part.md5:
        raise OSError(
            f"{where} must have the MD5 {part.md5} in {names[0]} and {names[1]}, "
            f"got {digest.hexdigest()}"
        )
    images = np.ascontiguousarray(x.transpose(0, 3, 1, 2))
    return Dataset(images, y, scale=1 / 255, class_names=CLASSES)
