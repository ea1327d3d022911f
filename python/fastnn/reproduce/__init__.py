"""What lectures and books print, computed by the library and compared: one file per system."""

from fastnn.reproduce import (
    alexnet,
    cifar10_subset,
    lectures,
    lenet5,
    mnist_99,
    network3,
    nielsen,
    parameters,
    resnet_cifar,
)
from fastnn.reproduce.report import Options, Report, System

__all__ = ["SYSTEMS", "Options", "Report", "System"]

SYSTEMS: tuple[System, ...] = (
    lectures.SYSTEM,
    nielsen.SYSTEM,
    mnist_99.SYSTEM,
    lenet5.SYSTEM,
    network3.SYSTEM,
    cifar10_subset.SYSTEM,
    resnet_cifar.SYSTEM,
    alexnet.SYSTEM,
    parameters.SYSTEM,
)
