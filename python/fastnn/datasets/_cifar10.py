"""CIFAR-10 from its binary files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastnn.data import Dataset
from fastnn.datasets._places import cache_folder, folders, listed

if TYPE_CHECKING:
    from pathlib import Path

CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
SHAPE = 3, 32, 32
_PIXELS = 3 * 32 * 32


class File(NamedTuple):
    """One file of records (a label, then the pixels): its name, its records, its MD5."""

    name: str
    records: int
    md5: str


class Archive(NamedTuple):
    """The files for training and the one for testing, and the tar.gz that brings them."""

    name: str
    folder: str  # of the files, below root or FASTNN_DATA and in the tar
    tar: str
    md5: str  # of the tar.gz
    mirrors: tuple[str, ...]
    train: tuple[File, ...]
    test: File


CIFAR10 = Archive(
    "cifar10",
    "cifar-10-batches-bin",
    "cifar-10-binary.tar.gz",
    "c32a1d4ab5d03f1284b67883e8d87530",
    (
        "https://www.cs.toronto.edu/~kriz/",
        "https://cave.cs.toronto.edu/kriz/",
        "https://mindspore-website.obs.cn-north-4.myhuaweicloud.com/notebook/datasets/",
    ),
    tuple(
        File(f"data_batch_{i + 1}.bin", 10000, md5)
        for i, md5 in enumerate(
            (
                "5dd7e06a14cb22eb9f671a540d1b7c25",
                "5ea93a67294ea407fff1d09f752e9692",
                "942cd6a4bcdd0dd3c604fbe906cb4421",
                "ae636b3ba5c66a11e91e8cb52e771fcb",
                "53f37980c15c3d472c316c40844f3f0d",
            )
        )
    ),
    File("test_batch.bin", 10000, "803d5f7f4d78ea53de84dbe85f74fb6d"),
)


def cifar10(
    root: str | os.PathLike[str] | None = None, download: bool = True
) -> tuple[Dataset, Dataset]:
    """Photographs of ten kinds of things, 32 x 32 pixels in colour.

    The six files data_batch_1.bin ... data_batch_5.bin and test_batch.bin are taken from ``root``,
    else from the folder in the environment variable FASTNN_DATA, else from the cache (FASTNN_CACHE,
    or ``fastnn`` in XDG_CACHE_HOME or ``~/.cache``); in each from the folder itself or its
    subfolder ``cifar-10-batches-bin``. Where they are in none, the archive (162 MB) is downloaded
    and unpacked, to ``root`` or to the cache. Every file is checked each time: length, MD5, labels.

    Parameters
    ----------
    root : path, optional
        Folder of the files, or to download them to.
    download : bool
        Whether to download what is missing.

    Returns
    -------
    train, test : Dataset
        50000 and 10000 samples: ``x`` float32 (N, 3, 32, 32) in [0, 1], ``y`` int64 (N,),
        ``class_names`` airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck. Pixels
        stay uint8 in memory (184 MB) until a batch, or ``.x``, is taken.

    Raises
    ------
    OSError
        If a file is missing, damaged or not the published one, no mirror gives it, or FASTNN_DATA
        names no folder.

    Source
    ------
    A. Krizhevsky, Learning multiple layers of features from tiny images, technical report,
    University of Toronto (2009). The MD5 of the archive is that of its page; those of the files are
    the ones that public code agrees on.

    Examples
    --------
    >>> train, test = cifar10()  # doctest: +SKIP
    >>> train.x.shape, test.x.shape  # doctest: +SKIP
    ((50000, 3, 32, 32), (10000, 3, 32, 32))

    With ``download=False`` nothing is asked of the network, and what is missing is an error:

    >>> import tempfile
    >>> cifar10(tempfile.mkdtemp(), download=False)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    OSError: cifar10: root, FASTNN_DATA or the cache must hold the 6 files of ...
    """
    return load(CIFAR10, root, download)


def load(
    archive: Archive,
    root: str | os.PathLike[str] | None,
    download: bool,
    mirrors: Sequence[str] | None = None,
    pause: float = 0.5,
) -> tuple[Dataset, Dataset]:
    """Training and test part of an archive; ``mirrors`` replaces its own."""
    from pathlib import Path

    files = (*archive.train, archive.test)
    places = [*folders(archive.name, (archive.folder,), root)]
    if root is None:
        places.append(places[-1] / archive.folder)
    home = next((f for f in places if all((f / file.name).is_file() for file in files)), None)
    if home is None:
        if not download:
            missing = [f.name for f in files if not any((p / f.name).is_file() for p in places)]
            raise OSError(
                f"{archive.name}: root, FASTNN_DATA or the cache must hold the 6 files of "
                f"{archive.tar} in one folder, got no {(missing or [files[0].name])[0]} in "
                f"{listed(places)}; pass download=True"
            )
        base = cache_folder() / archive.name if root is None else Path(root).expanduser()
        home = base / archive.folder
        _bring(archive, home, mirrors or archive.mirrors, pause)
    remedy = f"; replace it, or delete it and call {archive.name}() again to download it"
    train = [read_records(archive.name, home / f.name, f, remedy) for f in archive.train]
    test = read_records(archive.name, home / archive.test.name, archive.test, remedy)
    return _dataset(train), _dataset([test])


def read_records(where: str, path: Path, file: File, remedy: str) -> NDArray[np.uint8]:
    """The records of one file, shape (records, 1 + pixels), checked."""
    import hashlib

    wanted = file.records * (1 + _PIXELS)
    size = path.stat().st_size
    if size != wanted:
        raise OSError(f"{where}: {path} must hold {wanted} bytes, got {size}{remedy}")
    data = np.fromfile(path, np.uint8)
    digest = hashlib.md5(data.data, usedforsecurity=False).hexdigest()
    if digest != file.md5:
        raise OSError(f"{where}: {path} must have the MD5 {file.md5}, got {digest}{remedy}")
    records = data.reshape(file.records, 1 + _PIXELS)
    if records[:, 0].max() >= len(CLASSES):
        raise OSError(
            f"{where}: {path} must hold labels in 0..9, got {records[:, 0].max()}{remedy}"
        )
    return records


def _dataset(parts: list[NDArray[np.uint8]]) -> Dataset:
    count = sum(map(len, parts))
    images, labels = np.empty((count, _PIXELS), np.uint8), np.empty(count, np.uint8)
    begin = 0
    for part in parts:
        images[begin : begin + len(part)] = part[:, 1:]
        labels[begin : begin + len(part)] = part[:, 0]
        begin += len(part)
    return Dataset(images.reshape(count, *SHAPE), labels, scale=1 / 255, class_names=CLASSES)


def _bring(archive: Archive, home: Path, mirrors: Sequence[str], pause: float) -> None:
    """Download the archive and unpack its files into ``home``."""
    from fastnn.datasets._download import fetch  # imports an HTTP client: 50 ms

    tar = home.parent / archive.tar
    urls = [base + archive.tar for base in mirrors]
    if not tar.is_file():
        fetch(archive.name, tar, urls, lambda path: _check_tar(archive, path), pause=pause)
    else:
        _check_tar(archive, tar, "; delete it, or replace it")
    home.mkdir(exist_ok=True)
    _unpack(archive, tar, home)
    tar.unlink()


def _check_tar(archive: Archive, path: Path, remedy: str = "") -> None:
    import hashlib

    digest = hashlib.md5(usedforsecurity=False)
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    if digest.hexdigest() != archive.md5:
        raise OSError(
            f"{archive.name}: {path} must have the MD5 {archive.md5}, got {digest.hexdigest()}"
            f"{remedy}"
        )


def _unpack(archive: Archive, tar: Path, home: Path) -> None:
    """The files that are wanted, by their names: no path of the archive is followed."""
    import tarfile

    from fastnn.atomic import write_whole

    with tarfile.open(tar, "r:gz") as packed:
        wanted = {f"{archive.folder}/{f.name}": f for f in (*archive.train, archive.test)}
        for member in packed:
            file = wanted.pop(member.name.removeprefix("./"), None)
            content = None if file is None else packed.extractfile(member)
            if file is not None and content is not None:
                write_whole(home / file.name, [content.read()], archive.name)
    if wanted:
        raise OSError(
            f"{archive.name}: {tar} must hold {next(iter(wanted))}, got an archive without it"
        )
