"""The workloads of the speed table, for fastnn and its rivals: each gives steps to time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from networks import NETWORKS, SMALL


@dataclass(frozen=True)
class Steps:
    """Training steps, or predictions, of one side.

    Attributes
    ----------
    run : callable
        Does as many of them as it is told.
    unit : int
        They come in multiples of it.
    flops : float
        Arithmetic of one, where it was counted.
    """

    run: Callable[[int], None]
    unit: int = 1
    flops: float = 0.0


@dataclass(frozen=True)
class Workload:
    """One line of the table: a network, how it is trained, and the bar against PyTorch's best."""

    network: str  # one of NETWORKS
    optimizer: str  # "sgd", "momentum" or "adam"
    batch: int
    bar: float
    loss: str = "cross_entropy"  # or "quadratic", on sigmoid outputs
    predicts: bool = False
    precision: str = "float32"  # or "bf16": fastnn's Trainer, PyTorch's autocast

    @property
    def name(self) -> str:
        """What the table calls it."""
        if self.predicts:
            return f"predict one, {self.network}"
        bf16 = " bf16" if self.precision == "bf16" else ""
        return f"{self.network} b{self.batch} {self.optimizer}{bf16}"

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """Inputs in [0, 1) and labels, enough for 8 batches of what is small."""
        rng = np.random.default_rng(0)
        network = NETWORKS[self.network]
        size = int(np.prod(network.shape))
        n = max(8 * self.batch, 1000) if size < 10_000 else 2 * self.batch
        x = rng.random((n, *network.shape), dtype=np.float32)
        return x, rng.integers(0, network.classes, n)


_SMALL = Workload("mlp-784-30-10", "sgd", 10, 15.0, "quadratic")
WORKLOADS = [
    _SMALL,
    Workload("mlp-784-512-512-10", "adam", 128, 1.9),
    Workload("mlp-784-512-512-10", "adam", 1024, 1.2),
    Workload("lenet-5", "momentum", 64, 4.0),
    Workload("conv-32-64", "adam", 64, 2.0),
    Workload("resnet-20", "momentum", 128, 1.4),
    Workload("alexnet", "momentum", 16, 1.2),
    replace(_SMALL, bar=4.0, predicts=True, batch=1),
    Workload("lenet-5", "momentum", 1, 5.0, predicts=True),
    Workload("conv-32-64", "adam", 1, 5.0, predicts=True),
    Workload("resnet-20", "momentum", 1, 3.0, predicts=True),
    Workload("alexnet", "momentum", 1, 1.2, predicts=True),
]


def flops(w: Workload, model: Any) -> float:
    """Arithmetic of one step: forward, and both gradients but the first layer's for its input."""
    nodes = model.structure.nodes
    forward = sum(node.flops for node in nodes)
    first = next(node.flops for node in nodes if node.op in ("linear", "conv2d"))
    return w.batch * (forward if w.predicts else 3.0 * forward - first)


def optimizer_of(w: Workload) -> Any:
    """fastnn's optimiser."""
    from fastnn import optim

    if w.optimizer == "adam":
        return optim.Adam(1e-3)
    return optim.SGD(0.01, momentum=0.9 if w.optimizer == "momentum" else 0.0)


def fastnn_steps(w: Workload, threads: int) -> Steps:
    """fastnn: as a user writes it; one call trains over all rows, epoch by epoch."""
    import fastnn as fnn

    fnn.set_num_threads(threads)
    model = NETWORKS[w.network].fastnn()
    x, y = w.data()
    if w.predicts:
        row = x[:1]

        def predict(n: int) -> None:
            for _ in range(n):
                model.predict(row)

        return Steps(predict, flops=flops(w, model))
    trainer = fnn.Trainer(model, w.loss, optimizer_of(w), precision=w.precision)
    targets = (
        np.eye(NETWORKS[w.network].classes, dtype=np.float32)[y] if w.loss == "quadratic" else y
    )
    per_epoch = len(x) // w.batch
    data = fnn.Dataset(x[: per_epoch * w.batch], targets[: per_epoch * w.batch])

    def train(n: int) -> None:
        trainer.fit(data, max(1, n // per_epoch), w.batch, verbose=0)

    return Steps(train, per_epoch, flops(w, model))


def torch_steps(w: Workload, threads: int, compiled: bool, channels_last: bool = False) -> Steps:
    """PyTorch: batches sliced from tensors in memory, no loader; eager or torch.compile."""
    import torch
    from torch import nn

    network = NETWORKS[w.network]
    if channels_last and not network.is_image:
        raise LookupError("no images")
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    net = network.torch()
    x_np, y_np = w.data()
    x, y = torch.from_numpy(x_np), torch.from_numpy(y_np)
    if channels_last:
        net = net.to(memory_format=torch.channels_last)
        x = x.to(memory_format=torch.channels_last)
    if w.loss == "quadratic":
        y = torch.eye(network.classes)[y]
    forward = torch.compile(net) if compiled else net
    if w.predicts:
        net.eval()
        row = x[:1]

        def predict(n: int) -> None:
            with torch.inference_mode():
                for _ in range(n):
                    forward(row)

        return Steps(predict)
    optimizer: torch.optim.Optimizer
    if w.optimizer == "adam":
        optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, fused=True)
    else:
        momentum = 0.9 if w.optimizer == "momentum" else 0.0
        optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=momentum)

    def cost(a: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        if w.loss == "quadratic":
            return 0.5 * (a - t).square().sum() / len(a)
        return nn.functional.cross_entropy(a, t)

    batches = [
        (x[i : i + w.batch], y[i : i + w.batch]) for i in range(0, len(x) - w.batch + 1, w.batch)
    ]

    def train(n: int) -> None:
        for i in range(n):
            a, t = batches[i % len(batches)]
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast("cpu", torch.bfloat16, enabled=w.precision == "bf16"):
                loss = cost(forward(a), t)
            loss.backward()
            optimizer.step()

    return Steps(train)


def numpy_steps(w: Workload, threads: int) -> Steps:
    """The best hand-written vectorised NumPy step we know: in place, no temporary of theta's size."""
    if w.network != "mlp-784-30-10" or w.predicts:
        raise LookupError("written for the small network alone")
    rng = np.random.default_rng(0)
    x, y = w.data()
    t = np.eye(10, dtype=np.float32)[y]
    d, h, k = SMALL
    w1, b1 = (
        rng.standard_normal((d, h), dtype=np.float32) * np.float32(0.03),
        np.zeros(h, np.float32),
    )
    w2, b2 = (
        rng.standard_normal((h, k), dtype=np.float32) * np.float32(0.1),
        np.zeros(k, np.float32),
    )
    step = np.float32(0.01 / w.batch)
    g1 = np.empty_like(w1)

    def sigmoid(z: np.ndarray) -> np.ndarray:
        np.negative(z, out=z)
        np.exp(z, out=z)
        z += 1
        return np.reciprocal(z, out=z)

    def train(n: int) -> None:
        for i in range(n):
            at = i * w.batch % (len(x) - w.batch + 1)
            a0, target = x[at : at + w.batch], t[at : at + w.batch]
            a1 = a0 @ w1
            a1 += b1
            sigmoid(a1)
            a2 = a1 @ w2
            a2 += b2
            sigmoid(a2)
            d2 = (a2 - target) * a2 * (1 - a2)
            d1 = d2 @ w2.T
            d1 *= a1
            d1 *= 1 - a1
            d2 *= step
            d1 *= step
            w2[...] -= a1.T @ d2
            b2[...] -= d2.sum(0)
            np.matmul(a0.T, d1, out=g1)
            np.subtract(w1, g1, out=w1)
            b1[...] -= d1.sum(0)

    return Steps(train)
