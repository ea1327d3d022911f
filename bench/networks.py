"""The networks of the speed table, once for fastnn and once for PyTorch; both imported when used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any


@dataclass(frozen=True)
class Network:
    """One network.

    Attributes
    ----------
    shape, classes
        Of a sample, and how many outputs.
    fastnn : callable
        Makes the model, whose last activation is its own.
    torch : callable
        Makes the module, which ends before a softmax, but with a sigmoid.
    """

    shape: tuple[int, ...]
    classes: int
    fastnn: Callable[[], Any]
    torch: Callable[[], Any]

    @property
    def is_image(self) -> bool:
        """Whether PyTorch may try channels-last."""
        return len(self.shape) == 3


def fastnn_mlp(sizes: tuple[int, ...], activation: str, last: str) -> Any:
    """Dense layers."""
    from fastnn import Model, nn

    layers = [nn.Dense(k, activation) for k in sizes[1:-1]] + [nn.Dense(sizes[-1], last)]
    return Model(layers, input_shape=(sizes[0],))


def torch_mlp(sizes: tuple[int, ...], activation: str, last: str) -> Any:
    """The same in PyTorch."""
    from torch import nn

    layers: list[Any] = []
    for i, (a, b) in enumerate(zip(sizes, sizes[1:], strict=False)):
        layers.append(nn.Linear(a, b))
        if i + 2 < len(sizes):
            layers.append({"sigmoid": nn.Sigmoid, "relu": nn.ReLU}[activation]())
    if last == "sigmoid":
        layers.append(nn.Sigmoid())
    return nn.Sequential(*layers)


def fastnn_lenet() -> Any:
    """LeNet-5 with tanh and average pooling."""
    from fastnn import Model, nn

    layers = [
        nn.Conv2d(6, 5, padding=2, activation="tanh"), nn.AvgPool2d(2),
        nn.Conv2d(16, 5, activation="tanh"), nn.AvgPool2d(2), nn.Flatten(),
        nn.Dense(120, "tanh"), nn.Dense(84, "tanh"), nn.Dense(10, "softmax"),
    ]  # fmt: skip
    return Model(layers, input_shape=(1, 28, 28))


def torch_lenet() -> Any:
    """The same in PyTorch."""
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10),
    )  # fmt: skip


def fastnn_conv() -> Any:
    """Two 3 x 3 convolutions, maximum pooling, a dense layer with dropout."""
    from fastnn import Model, nn

    layers = [
        nn.Conv2d(32, 3, activation="relu"), nn.Conv2d(64, 3, activation="relu"), nn.MaxPool2d(2),
        nn.Dropout(0.25), nn.Flatten(), nn.Dense(128, "relu"), nn.Dropout(0.5), nn.Dense(10, "softmax"),
    ]  # fmt: skip
    return Model(layers, input_shape=(1, 28, 28))


def torch_conv() -> Any:
    """The same in PyTorch."""
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Dropout(0.25), nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(128, 10),
    )  # fmt: skip


def fastnn_resnet() -> Any:
    """ResNet-20 for CIFAR with parameter-free shortcuts."""
    from fastnn.networks import resnet_cifar

    return resnet_cifar(20)


def torch_resnet() -> Any:
    """The same in PyTorch."""
    import torch
    from torch import nn
    from torch.nn import functional as F

    class Block(nn.Module):
        def __init__(self, before: int, width: int, stride: int) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(before, width, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(width)
            self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(width)
            self.stride, self.more = stride, width - before

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = F.relu(self.bn1(self.conv1(x)))
            y = self.bn2(self.conv2(y))
            if self.more:
                half = self.more // 2
                x = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, half, half))
            return F.relu(y + x)

    layers: list[Any] = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    before = 16
    for width in (16, 32, 64):
        for i in range(3):
            layers.append(Block(before, width, 2 if width > 16 and i == 0 else 1))
            before = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def fastnn_alexnet() -> Any:
    """AlexNet in one group, without local response normalisation."""
    from fastnn.networks import alexnet

    return alexnet(groups=1, normalise=False)


def torch_alexnet() -> Any:
    """The same in PyTorch."""
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(3, 96, 11, 4), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(96, 256, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(256, 384, 3, padding=1), nn.ReLU(), nn.Conv2d(384, 384, 3, padding=1), nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Flatten(),
        nn.Linear(9216, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(),
        nn.Dropout(), nn.Linear(4096, 1000),
    )  # fmt: skip


def _mlp(sizes: tuple[int, ...], activation: str, last: str) -> Network:
    return Network(
        sizes[:1], sizes[-1],
        partial(fastnn_mlp, sizes, activation, last), partial(torch_mlp, sizes, activation, last),
    )  # fmt: skip


SMALL, LARGE = (784, 30, 10), (784, 512, 512, 10)
NETWORKS = {
    "mlp-784-30-10": _mlp(SMALL, "sigmoid", "sigmoid"),
    "mlp-784-512-512-10": _mlp(LARGE, "relu", "softmax"),
    "lenet-5": Network((1, 28, 28), 10, fastnn_lenet, torch_lenet),
    "conv-32-64": Network((1, 28, 28), 10, fastnn_conv, torch_conv),
    "resnet-20": Network((3, 32, 32), 10, fastnn_resnet, torch_resnet),
    "alexnet": Network((3, 227, 227), 1000, fastnn_alexnet, torch_alexnet),
}
