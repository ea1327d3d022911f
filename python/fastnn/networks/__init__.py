"""Classic networks, each as its paper or book has it."""

from fastnn.networks.alexnet import ALEXNET_TORCHVISION, alexnet
from fastnn.networks.lenet import lenet5, lenet5_images, lenet5_loss
from fastnn.networks.network3 import network3
from fastnn.networks.resnet import resnet, resnet_cifar

__all__ = [
    "ALEXNET_TORCHVISION", "alexnet", "lenet5", "lenet5_images", "lenet5_loss", "network3",
    "resnet", "resnet_cifar",
]  # fmt: skip
