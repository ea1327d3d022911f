"""What PyTorch reaches on the subset of CIFAR-10 with the recipe of `fastnn reproduce resnet-cifar`.

Both sides begin with the same weights and see the same batches in the same order; only the network's
arithmetic and the optimiser are PyTorch's. Needs torch:

    python bench/accuracy.py --data DIR --json bench/results/accuracy-resnet20.json
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

from fastnn import networks
from fastnn.data import Batches, Dataset
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


def train(seed: int, data: Dataset, held_out: Dataset) -> dict[str, Any]:
    """Accuracy on the held-out images after each epoch."""
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
            F.cross_entropy(net(images), torch.from_numpy(y)).backward()
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
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path, help="file for the results")
    options = parser.parse_args()
    import torch

    torch.set_num_threads(options.threads)
    data, held_out = subset(options.data)
    runs = [train(seed, data, held_out) for seed in recipe.SEEDS]
    mean = fmean(run["accuracy"][-1] for run in runs)
    print(f"PyTorch {torch.__version__}: {mean:.2f}% after {recipe.EPOCHS} epochs")
    if options.json:
        document = {"torch": torch.__version__, "epochs": recipe.EPOCHS, "mean": mean, "runs": runs}
        options.json.write_text(json.dumps(document, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
