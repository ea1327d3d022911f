"""What ResNet-20 and AlexNet reach on the subset of CIFAR-10 with the recipes of `fastnn reproduce`.

ResNet-20 by PyTorch, which begins with the same weights and sees the same batches in the same order, so that
only the network's arithmetic and the optimiser are its own; or either by fastnn in bfloat16, beside float32:

    python bench/accuracy.py --data DIR --json bench/results/accuracy-resnet20.json
    python bench/accuracy.py --side torch-bf16 --json out.json          # PyTorch's autocast
    python bench/accuracy.py --side bf16 --seeds 16 --json bench/results/accuracy-resnet20-bf16.json
    python bench/accuracy.py --side float32 --seeds 16 --json bench/results/accuracy-resnet20-float32.json
    python bench/accuracy.py --network alexnet --side bf16 --seeds 2 --json out.json

A side's seeds may be run in parts (`--first`).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from compare import machine

import fastnn as fnn
from fastnn import networks
from fastnn.data import Batches, Dataset
from fastnn.machine import config
from fastnn.reproduce import alexnet
from fastnn.reproduce import resnet_cifar as recipe
from fastnn.reproduce.cifar import shifted, subset
from networks import NETWORKS


def twin(seed: int) -> Any:
    """PyTorch's ResNet-20 with the initial weights of fastnn's."""
    import torch

    net = NETWORKS["resnet-20"].torch().to(memory_format=torch.channels_last)
    ours = networks.resnet_cifar(20, seed=seed).parameters.values()
    with torch.no_grad():
        for parameter, values in zip(net.parameters(), ours, strict=True):
            parameter.copy_(torch.from_numpy(values.copy()))
    return net


def train_fastnn(
    network: str, seed: int, data: Dataset, held_out: Dataset, precision: str
) -> dict[str, Any]:
    """Accuracy on the held-out images after each epoch."""
    if network == "alexnet":
        sgd = alexnet.EXPERIMENTS[1]
        images = alexnet.enlarged(data), alexnet.enlarged(held_out)
        history = alexnet.train(sgd, *images, 2, precision, seed)
    else:
        model = networks.resnet_cifar(20, seed=seed)
        history = recipe.train(model, data, held_out, 2, precision)
    accuracies = [100 * accuracy for accuracy in history["val_accuracy"]]
    return {"seed": seed, "accuracy": accuracies, "seconds": sum(history["seconds"])}


def train_torch(seed: int, data: Dataset, held_out: Dataset, bf16: bool) -> dict[str, Any]:
    """The same by PyTorch, in bfloat16 by its autocast."""
    import torch
    from torch.nn import functional as F

    net = twin(seed)
    decayed = [p for p in net.parameters() if p.ndim > 1]  # weights; not norms and biases
    others = [p for p in net.parameters() if p.ndim == 1]
    optimizer = torch.optim.SGD(
        [{"params": decayed, "weight_decay": recipe.L2}, {"params": others}],
        lr=recipe.LR, momentum=recipe.MOMENTUM, nesterov=True,
    )  # fmt: skip
    rate = recipe.schedule(len(data))
    batches = Batches(shifted(data, seed), recipe.BATCH_SIZE, shuffle=True, seed=seed)
    pixels, labels = torch.from_numpy(held_out.x), held_out.y
    accuracies, step, began = [], 0, time.perf_counter()
    for epoch in range(recipe.EPOCHS):
        net.train()
        batches.set_state({"epoch": epoch, "position": 0})
        for x, y in batches:
            for group in optimizer.param_groups:
                group["lr"] = float(rate(step))
            images = torch.from_numpy(x).contiguous(memory_format=torch.channels_last)
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
                cost = F.cross_entropy(net(images), torch.from_numpy(y))
            cost.backward()
            optimizer.step()
            step += 1
        net.eval()
        with torch.inference_mode():
            seen = torch.cat([net(part).argmax(1) for part in pixels.split(500)]).numpy()
        accuracies.append(100 * float(np.mean(seen == labels)))
        print(f"seed {seed}, epoch {epoch + 1}: {accuracies[-1]:.2f}%", file=sys.stderr, flush=True)
    return {"seed": seed, "accuracy": accuracies, "seconds": time.perf_counter() - began}


def main() -> int:
    """Train from each seed, print the mean."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", help="folder of the data set")
    parser.add_argument(
        "--side", choices=("torch", "torch-bf16", "float32", "bf16"), default="torch"
    )
    parser.add_argument("--network", choices=("resnet20", "alexnet"), default="resnet20")
    parser.add_argument(
        "--seeds", type=int, default=len(recipe.SEEDS), metavar="N", help="how many of them"
    )
    parser.add_argument("--first", type=int, default=0, metavar="SEED", help="where they begin")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path, help="file for the results")
    options = parser.parse_args()
    if options.network == "alexnet" and options.side.startswith("torch"):
        parser.error("argument --network: must be resnet20 with PyTorch, got alexnet")
    data, held_out = subset(options.data)
    seeds = range(options.first, options.first + options.seeds)
    document: dict[str, Any]
    if options.side.startswith("torch"):
        import torch

        torch.set_num_threads(options.threads)
        document = {"torch": torch.__version__}
        bf16 = options.side == "torch-bf16"
        runs = [train_torch(seed, data, held_out, bf16) for seed in seeds]
    else:
        fnn.set_num_threads(options.threads)
        document = {"precision": options.side, "bf16": config()["bf16"]}
        runs = [train_fastnn(options.network, s, data, held_out, options.side) for s in seeds]
    mean, epochs = fmean(run["accuracy"][-1] for run in runs), len(runs[0]["accuracy"])
    print(f"{options.side}: {mean:.2f}% after {epochs} epochs, mean of {len(runs)} seeds")
    if options.json:
        document = {"machine": machine(options.threads), "network": options.network} | document
        document |= {"epochs": epochs, "mean": mean, "runs": runs}
        options.json.write_text(json.dumps(document, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
