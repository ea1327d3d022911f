"""Classic networks, each as its paper has it."""

from fastnn.networks.resnet import resnet, resnet_cifar

__all__ = ["resnet", "resnet_cifar"]
