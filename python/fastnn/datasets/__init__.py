"""Data sets: handwritten digits in the package, MNIST and Fashion-MNIST from files."""

from fastnn.datasets._digits import digits
from fastnn.datasets._idx import read_idx
from fastnn.datasets._mnist import fashion_mnist, mnist

__all__ = ["digits", "fashion_mnist", "mnist", "read_idx"]
