"""MNIST and the data sets that share its four files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from fastnn.data import Dataset
from fastnn.datasets._idx import read_checked
from fastnn.datasets._places import cache_folder, folders, listed

if TYPE_CHECKING:
    from pathlib import Path


class File(NamedTuple):
    """One IDX file of bytes: its name without .gz, its shape, the MD5 of all its bytes."""

    name: str
    shape: tuple[int, ...]
    md5: str


class Archive(NamedTuple):
    """Four files (images and labels for training, then for testing) and where they are found."""

    name: str
    folders: tuple[str, ...]  # below root or FASTNN_DATA
    mirrors: tuple[str, ...]
    files: tuple[File, ...]


def _four(*md5: str) -> tuple[File, ...]:
    names = "train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"
    shapes = (60000, 28, 28), (60000,), (10000, 28, 28), (10000,)
    return tuple(File(f"{n}-ubyte", s, m) for n, s, m in zip(names, shapes, md5, strict=True))


MNIST = Archive(
    "mnist",
    ("mnist", "MNIST/raw"),
    (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        "http://yann.lecun.com/exdb/mnist/",
    ),
    _four(
        "6bbc9ace898e44ae57da46a324031adb",
        "a25bea736e30d166cdddb491f175f624",
        "2646ac647ad5339dbf082846283269ea",
        "27ae3e4e09519cfbb04c329615203637",
    ),
)
FASHION = Archive(
    "fashion_mnist",
    ("fashion-mnist", "fashion_mnist", "FashionMNIST/raw"),
    (
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
    ),
    _four(
        "f4a8712d7a061bf5bd6d2ca38dc4d50a",
        "9018921c3c673c538a1fc5bad174d6f9",
        "8181f5470baa50b63fa0f6fddb340f0a",
        "15d484375f8d13e6eb1aabb0c3f46965",
    ),
)
ARCHIVES = (MNIST, FASHION)


def mnist(
    root: str | os.PathLike[str] | None = None, download: bool = True
) -> tuple[Dataset, Dataset]:
    """Handwritten digits of 28 x 28 pixels.

    The four files (plain or gzip) are taken from ``root``, else from the folder in the environment
    variable FASTNN_DATA, else from the cache (FASTNN_CACHE, or ``fastnn`` in XDG_CACHE_HOME or
    ``~/.cache``); in each from the folder itself or its subfolder ``mnist``. What is in none of
    them is downloaded, to ``root`` or to the cache. Every file is checked each time: head, length
    and the MD5 of its uncompressed bytes.

    Parameters
    ----------
    root : path, optional
        Folder of the files, or to download them to.
    download : bool
        Whether to download what is missing.

    Returns
    -------
    train, test : Dataset
        60000 and 10000 samples: ``x`` float32 (N, 1, 28, 28) in [0, 1], ``y`` int64 (N,). Pixels
        stay uint8 in memory (55 MB) until a batch, or ``.x``, is taken.

    Raises
    ------
    OSError
        If a file is missing, damaged or not the published one, no mirror gives it, or FASTNN_DATA
        names no folder.

    Source
    ------
    Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Gradient-based learning applied to document
    recognition, Proc. IEEE 86 (1998). MD5s as widely published.

    Examples
    --------
    >>> train, test = mnist()  # doctest: +SKIP
    >>> train.x.shape, test.x.shape  # doctest: +SKIP
    ((60000, 1, 28, 28), (10000, 1, 28, 28))

    With ``download=False`` nothing is asked of the network, and what is missing is an error:

    >>> import tempfile
    >>> mnist(tempfile.mkdtemp(), download=False)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    OSError: mnist: root, FASTNN_DATA or the cache must hold train-images-idx3-ubyte or ...
    """
    return load(MNIST, root, download)


def fashion_mnist(
    root: str | os.PathLike[str] | None = None, download: bool = True
) -> tuple[Dataset, Dataset]:
    """Articles of clothing, 28 x 28 pixels: the form of MNIST, harder.

    Files are found, downloaded and checked as those of ``mnist``, in subfolders ``fashion-mnist``
    or ``fashion_mnist``. Classes: T-shirt/top, trouser, pullover, dress, coat, sandal, shirt,
    sneaker, bag, ankle boot.

    Parameters
    ----------
    root : path, optional
        Folder of the files, or to download them to.
    download : bool
        Whether to download what is missing.

    Returns
    -------
    train, test : Dataset
        60000 and 10000 samples: ``x`` float32 (N, 1, 28, 28) in [0, 1], ``y`` int64 (N,).

    Raises
    ------
    OSError
        If a file is missing, damaged or not the published one, no mirror gives it, or FASTNN_DATA
        names no folder.

    Source
    ------
    H. Xiao, K. Rasul, R. Vollgraf, Fashion-MNIST, arXiv:1708.07747 (2017), MIT licence. Its authors
    publish the MD5s of the gzip files; those of the uncompressed bytes, checked here, are the ones
    that public code agrees on.

    Examples
    --------
    >>> train, test = fashion_mnist()  # doctest: +SKIP
    >>> train.x.shape, test.x.shape  # doctest: +SKIP
    ((60000, 1, 28, 28), (10000, 1, 28, 28))

    With ``download=False`` nothing is asked of the network, and what is missing is an error:

    >>> import tempfile
    >>> fashion_mnist(tempfile.mkdtemp(), download=False)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    OSError: fashion_mnist: root, FASTNN_DATA or the cache must hold train-images-idx3-ubyte or ...
    """
    return load(FASHION, root, download)


def load(
    archive: Archive,
    root: str | os.PathLike[str] | None,
    download: bool,
    mirrors: Sequence[str] | None = None,
    pause: float = 0.5,
) -> tuple[Dataset, Dataset]:
    """Training and test part of an archive; ``mirrors`` replaces its own."""
    from pathlib import Path

    folder = _find(archive, root)
    home = cache_folder() / archive.name if root is None else Path(root).expanduser()
    arrays = []
    for file in archive.files:
        path = _present(folder or home, file)
        if path is None:
            path = home / f"{file.name}.gz"
            if not download:
                places = list(folders(archive.name, archive.folders, root))
                # A folder may hold all four, of another archive: then nothing is missing there.
                missing = [[f for f in archive.files if not _present(p, f)] for p in places]
                name = min(filter(None, missing), key=len, default=archive.files)[0].name
                raise OSError(
                    f"{archive.name}: root, FASTNN_DATA or the cache must hold {name} or {name}.gz, "
                    f"got none in {listed(places)}; pass download=True"
                )
            from fastnn.datasets._download import fetch  # imports an HTTP client: 50 ms

            urls = [base + path.name for base in mirrors or archive.mirrors]
            fetch(
                archive.name,
                path,
                urls,
                lambda part, file=file: read_checked(  # type: ignore[misc]
                    part, archive.name, shape=file.shape, md5=file.md5
                ),
                pause=pause,
            )
        remedy = f"; replace it, or delete it and call {archive.name}() again to download it"
        arrays.append(
            read_checked(path, archive.name, shape=file.shape, md5=file.md5, remedy=remedy)
        )
    images, labels = arrays[::2], arrays[1::2]
    train, test = (
        Dataset(x[:, None], y, scale=1 / 255) for x, y in zip(images, labels, strict=True)
    )
    return train, test


def _find(archive: Archive, root: str | os.PathLike[str] | None) -> Path | None:
    """The first folder that holds all four files."""
    for folder in folders(archive.name, archive.folders, root):
        if all(_present(folder, file) for file in archive.files):
            if root is None and any(_is(other, folder) for other in ARCHIVES if other != archive):
                continue  # FASTNN_DATA is the folder of another archive: the names are the same
            return folder
    return None


def _is(archive: Archive, folder: Path) -> bool:
    """Whether the training labels in ``folder`` are those of ``archive``."""
    file = archive.files[1]
    path = _present(folder, file)
    try:
        return path is not None and bool(
            len(read_checked(path, archive.name, shape=file.shape, md5=file.md5))
        )
    except OSError:
        return False


def _present(folder: Path, file: File) -> Path | None:
    for name in (file.name, f"{file.name}.gz"):
        if (folder / name).is_file():
            return folder / name
    return None
