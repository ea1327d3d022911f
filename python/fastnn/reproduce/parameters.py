"""How many parameters every network has, beside the count that the layers of its paper make."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from fastnn import networks
from fastnn.model import Model
from fastnn.reproduce.report import Options, Report, System

HEAD = ("network", "source", "expected", "own", "result")

LECUN, NIELSEN = "LeCun et al. (1998)", "Nielsen (2015), chapter 6"
KRIZHEVSKY, TORCHVISION = "Krizhevsky et al. (2012)", "torchvision"
HE = "He et al. (2016)"

# Papers give most counts rounded, or the layers alone: "60 million", 0.27 million for 20 layers.
NETWORKS: tuple[tuple[str, str, int, Callable[[], Model]], ...] = (
    ("lenet5(original=True)", LECUN, 60_000, partial(networks.lenet5, original=True)),
    ("lenet5()", LECUN, 61_706, networks.lenet5),
    ("network3(1)", NIELSEN, 289_630, partial(networks.network3, 1)),
    ("network3(2)", NIELSEN, 85_670, partial(networks.network3, 2)),
    ("network3(5)", NIELSEN, 1_672_570, partial(networks.network3, 5)),
    ("alexnet()", KRIZHEVSKY, 60_965_224, networks.alexnet),
    ("alexnet(groups=1)", KRIZHEVSKY, 62_378_344, partial(networks.alexnet, groups=1)),
    ("resnet(18)", TORCHVISION, 11_689_512, partial(networks.resnet, 18)),
    ("resnet(34)", TORCHVISION, 21_797_672, partial(networks.resnet, 34)),
    ("resnet(50)", TORCHVISION, 25_557_032, partial(networks.resnet, 50)),
    ("resnet(101)", TORCHVISION, 44_549_160, partial(networks.resnet, 101)),
    ("resnet(152)", TORCHVISION, 60_192_808, partial(networks.resnet, 152)),
    ("resnet_cifar(20)", HE, 269_722, partial(networks.resnet_cifar, 20)),
    ("resnet_cifar(32)", HE, 464_154, partial(networks.resnet_cifar, 32)),
    ("resnet_cifar(44)", HE, 658_586, partial(networks.resnet_cifar, 44)),
    ("resnet_cifar(56)", HE, 853_018, partial(networks.resnet_cifar, 56)),
    ("resnet_cifar(110)", HE, 1_727_962, partial(networks.resnet_cifar, 110)),
)


def run(options: Options) -> Report:
    """Make each network and count."""
    report = Report(HEAD, right=(2, 3))
    for name, source, expected, make in NETWORKS:
        own = make().theta.size
        report.rows.append(
            {
                "network": name,
                "source": source,
                "expected": expected,
                "own": own,
                "result": "ok" if own == expected else "short",
            }
        )
    return report


SYSTEM = System(
    "parameters",
    "parameter counts of all networks beside those of their papers' layers",
    "ten seconds",
    run,
)
