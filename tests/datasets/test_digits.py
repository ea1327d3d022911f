"""The bundled digits."""

import numpy as np
import pytest

from fastnn import datasets


def test_shapes_dtypes_and_range():
    train, held_out = datasets.digits()
    for part, n in ((train, 1437), (held_out, 360)):
        assert part.x.shape == (n, 1, 8, 8)
        assert (part.x.dtype, part.y.dtype) == ("float32", "int64")
        assert (part.x.min(), part.x.max()) == (0, 1)


def test_every_digit_has_its_share_in_both_parts():
    train, held_out = datasets.digits()
    counts = np.bincount(train.y), np.bincount(held_out.y)
    share = counts[1] / (counts[0] + counts[1])
    assert (np.abs(share - 360 / 1797) < 0.01).all()


def test_values_and_order_are_scikit_learns():
    load_digits = pytest.importorskip("sklearn.datasets").load_digits
    bunch = load_digits()
    parts = datasets.digits()
    rows = {image.tobytes(): i for i, image in enumerate(bunch.images.astype("f4") / 16)}
    assert len(rows) == 1797  # no two images are equal
    seen = []
    for part in parts:
        numbers = [rows[x.tobytes()] for x in part.x]
        assert numbers == sorted(numbers)
        np.testing.assert_array_equal(part.y, bunch.target[numbers])
        seen += numbers
    assert sorted(seen) == list(range(1797))
