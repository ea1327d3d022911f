"""The digits that come with the package."""

from __future__ import annotations

from fastnn.data import Dataset
from fastnn.datasets._idx import read_checked

_ROWS = 1797
_TRAIN = 1437  # tools/make_digits.py puts the training rows in front


def digits() -> tuple[Dataset, Dataset]:
    """1797 handwritten digits of 8 x 8 pixels, bundled: no network, no files.

    Each pixel counts the ink in a 4 x 4 block of a 32 x 32 bitmap, 0 to 16. The split is fixed and
    the same share of every digit is held out. Both parts hold digits of the same 13 writers, so
    the held-out accuracy says nothing about unknown hands.

    Returns
    -------
    train, held_out : Dataset
        1437 and 360 samples: ``x`` float32 (N, 1, 8, 8) in [0, 1], ``y`` int64 (N,), the digit.

    Raises
    ------
    OSError
        If the installed package lacks its files, or they are damaged.

    Source
    ------
    E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning
    Repository (1998), https://doi.org/10.24432/C50P49, licensed CC BY 4.0; the test set as
    scikit-learn distributes it (``load_digits``).

    Examples
    --------
    >>> train, held_out = digits()
    >>> train.x.shape, held_out.x.shape, train.y[:5].tolist()
    ((1437, 1, 8, 8), (360, 1, 8, 8), [0, 1, 2, 3, 4])
    """
    from pathlib import Path

    folder = Path(__file__).parent
    images = read_checked(folder / "digits-images-idx3-ubyte.gz", "digits", shape=(_ROWS, 8, 8))
    labels = read_checked(folder / "digits-labels-idx1-ubyte.gz", "digits", shape=(_ROWS,))
    data = Dataset(images[:, None], labels, scale=1 / 16)
    return data[:_TRAIN], data[_TRAIN:]
