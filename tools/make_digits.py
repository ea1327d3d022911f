"""Makes the digits in python/fastnn/datasets from scikit-learn's copy; run once, kept as a record.

Rows 0..1436 are for training, the rest is held out: a stratified split by ``Dataset.split`` with
seed 0, each part in scikit-learn's order. Values 0..16 as uint8, IDX, gzip without a time stamp.
"""

import gzip
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from fastnn.data import Dataset

FOLDER = Path(__file__).resolve().parents[1] / "python" / "fastnn" / "datasets"


def write_idx(path: Path, array: np.ndarray) -> None:
    head = bytes([0, 0, 8, array.ndim]) + np.asarray(array.shape, ">u4").tobytes()
    path.write_bytes(gzip.compress(head + array.astype(np.uint8).tobytes(), 9, mtime=0))


def main() -> None:
    bunch = load_digits()
    parts = Dataset(bunch.images, bunch.target).split(1437 / 1797, seed=0, stratify=True)
    write_idx(FOLDER / "digits-images-idx3-ubyte.gz", np.concatenate([p.x for p in parts]))
    write_idx(FOLDER / "digits-labels-idx1-ubyte.gz", np.concatenate([p.y for p in parts]))


if __name__ == "__main__":
    main()
