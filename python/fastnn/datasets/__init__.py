"""Data sets: handwritten digits in the package; MNIST, Fashion-MNIST, CIFAR-10 and folders of images
from files."""

from fastnn.datasets._cifar10 import cifar10
from fastnn.datasets._cifar10_subset import cifar10_subset
from fastnn.datasets._digits import digits
from fastnn.datasets._folder import image_folder
from fastnn.datasets._idx import read_idx
from fastnn.datasets._mnist import fashion_mnist, mnist

__all__ = [
    "cifar10",
    "cifar10_subset",
    "digits",
    "fashion_mnist",
    "image_folder",
    "mnist",
    "read_idx",
]
