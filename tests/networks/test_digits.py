"""The bitmaps of the digits."""

import numpy as np

from fastnn.networks.digits import CODES


def test_ten_codes_of_84_signs():
    assert CODES.shape == (10, 84) and CODES.dtype == np.float32
    assert set(np.unique(CODES)) == {-1.0, 1.0}
    assert len(np.unique(CODES, axis=0)) == 10


def test_digits_that_look_alike_are_near():
    distances = np.square(CODES[:, None] - CODES[None]).sum(axis=2) / 4  # pixels that differ
    np.fill_diagonal(distances, 84)
    assert distances.min() >= 3
    for a, b in ((8, 3), (5, 6), (8, 9)):
        assert distances[a, b] < np.median(distances)
    assert CODES[1].reshape(12, 7)[5].tolist() == [-1, -1, -1, 1, -1, -1, -1]
