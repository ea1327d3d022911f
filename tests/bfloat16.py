"""What bfloat16 makes of a number."""

import numpy as np


def rounded(x):
    """To the nearest bfloat16, ties to even, as float64."""
    bits = np.asarray(x, "f4").view("u4").astype("u8")
    nearest = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16 << 16
    return np.where(np.isnan(x), np.nan, nearest.astype("u4").view("f4")).astype("f8")
