"""The workloads of the speed table, for fastnn and its rivals: each gives a function that does n steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Steps = Callable[[int], None]  # does that many training steps (or predictions)


@dataclass(frozen=True)
class Workload:
    """One line of the table: a network, how it is trained, and the bar against PyTorch's best."""

    name: str
    sizes: tuple[int, ...]
    activation: str
    loss: str  # "quadratic" on sigmoid outputs, or "cross_entropy" on softmax
    optimizer: str
    batch: int
    bar: float
    predicts: bool = False

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """Inputs in [0, 1) and labels, enough for 8 batches (at least 1000 rows)."""
        rng = np.random.default_rng(0)
        n = max(8 * self.batch, 1000)
        return (
            rng.random((n, self.sizes[0]), dtype=np.float32),
            rng.integers(0, self.sizes[-1], n),
        )

    @property
    def flops(self) -> float:
        """Arithmetic of one step: forward, and both gradients but the first layer's for its input."""
        layers = [
            2.0 * self.batch * a * b for a, b in zip(self.sizes, self.sizes[1:], strict=False)
        ]
        return sum(layers) if self.predicts else 3 * sum(layers) - layers[0]


SMALL, LARGE = (784, 30, 10), (784, 512, 512, 10)
WORKLOADS = [
    Workload("mlp-784-30-10 b10 sgd", SMALL, "sigmoid", "quadratic", "sgd", 10, 15.0),
    Workload("mlp-784-512-512-10 b128 adam", LARGE, "relu", "cross_entropy", "adam", 128, 1.9),
    Workload("mlp-784-512-512-10 b1024 adam", LARGE, "relu", "cross_entropy", "adam", 1024, 1.2),
    Workload("predict one row 784-30-10", SMALL, "sigmoid", "quadratic", "sgd", 1, 4.0, True),
]


def fastnn_steps(w: Workload, threads: int) -> Steps:
    """fastnn: as a user writes it; one call trains over all rows, again and again."""
    import fastnn as fnn

    fnn.set_num_threads(threads)
    last = "sigmoid" if w.loss == "quadratic" else "softmax"
    layers = [fnn.nn.Dense(k, w.activation) for k in w.sizes[1:-1]] + [
        fnn.nn.Dense(w.sizes[-1], last)
    ]
    model = fnn.Model(layers, input_shape=(w.sizes[0],))
    x, y = w.data()
    if w.predicts:
        row = x[:1]

        def predict(n: int) -> None:
            for _ in range(n):
                model.predict(row)

        return predict
    optimizer = fnn.optim.SGD(0.01) if w.optimizer == "sgd" else fnn.optim.Adam(1e-3)
    trainer = fnn.Trainer(model, w.loss, optimizer)
    targets = np.eye(w.sizes[-1], dtype=np.float32)[y] if w.loss == "quadratic" else y
    per_epoch = len(x) // w.batch
    data = fnn.Dataset(x[: per_epoch * w.batch], targets[: per_epoch * w.batch])

    def train(n: int) -> None:
        for _ in range(max(1, n // per_epoch)):
            trainer.fit(data, 1, w.batch, verbose=0)

    train.unit = per_epoch  # type: ignore[attr-defined]
    return train


def torch_steps(w: Workload, threads: int, compiled: bool) -> Steps:
    """PyTorch: batches sliced from tensors in memory, no loader; eager or torch.compile."""
    import torch
    from torch import nn

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    act = {"sigmoid": nn.Sigmoid, "relu": nn.ReLU}[w.activation]
    layers: list[nn.Module] = []
    for i, (a, b) in enumerate(zip(w.sizes, w.sizes[1:], strict=False)):
        layers.append(nn.Linear(a, b))
        if i + 2 < len(w.sizes):
            layers.append(act())
    if w.loss == "quadratic":
        layers.append(nn.Sigmoid())
    net = nn.Sequential(*layers)
    x_np, y_np = w.data()
    x, y = torch.from_numpy(x_np), torch.from_numpy(y_np)
    if w.loss == "quadratic":
        y = torch.eye(w.sizes[-1])[y]
    forward = torch.compile(net) if compiled else net
    if w.predicts:
        row = x[:1]

        def predict(n: int) -> None:
            with torch.inference_mode():
                for _ in range(n):
                    forward(row)

        return predict
    lr = {"sgd": 0.01, "adam": 1e-3}[w.optimizer]
    if w.optimizer == "sgd":
        optimizer: torch.optim.Optimizer = torch.optim.SGD(net.parameters(), lr=lr)
    else:
        optimizer = torch.optim.Adam(net.parameters(), lr=lr, fused=True)

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
            cost(forward(a), t).backward()
            optimizer.step()

    return train


def numpy_steps(w: Workload, threads: int) -> Steps:
    """The best hand-written vectorised NumPy step we know: in place, no temporary of theta's size."""
    if w.sizes != SMALL or w.predicts:
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

    return train
