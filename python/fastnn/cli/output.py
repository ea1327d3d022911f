"""What commands print, and how they fail."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fastnn.atomic import probe


class Usage(Exception):
    """Arguments that make no sense: exit code 2."""


class Failure(Exception):
    """The command could not do its work: exit code 1."""


class Interrupted(Exception):
    """Stopped by Ctrl-C, with what was saved: exit code 130."""


def strict(value: Any) -> Any:
    """A result as strict JSON can hold it: NaN and infinity become null.

    Examples
    --------
    >>> strict({"a": np.float32(0.5), "b": (float("nan"), Path("x"))})
    {'a': 0.5, 'b': [None, 'x']}
    """
    if isinstance(value, dict):
        return {str(k): strict(v) for k, v in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [strict(v) for v in value]
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def table(head: Sequence[str], rows: Sequence[Sequence[Any]], right: Sequence[int] = ()) -> str:
    """Lines of aligned columns; the columns numbered in ``right`` are flush right.

    Examples
    --------
    >>> print(table(["name", "n"], [["a", "1"], ["long", "23"]], right=[1]))
    name   n
    --------
    a      1
    long  23
    """
    lines = [list(map(str, row)) for row in (head, *rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    texts = [
        "  ".join(
            cell.rjust(w) if i in right else cell.ljust(w)
            for i, (cell, w) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    return "\n".join([texts[0], "-" * max(map(len, texts)), *texts[1:]])


def check_writable(path: str, option: str) -> None:
    """Raise before a long run what would otherwise be raised after it.

    Files are put in place by a rename, which must not replace a device or a pipe.
    """
    file = Path(os.path.realpath(path))
    if not path:
        raise Failure(f"{option} must name a file, got ''")
    if file.is_dir():
        raise Failure(f"{option} must name a file, got the folder {path!r}")
    if file.exists() and not file.is_file():
        raise Failure(f"{option} must name a file, got the device or pipe {path!r}")
    if not file.parent.is_dir():
        raise Failure(f"{option} must name a file in a folder that exists, got {path!r}")
    try:
        probe(path)
    except OSError as error:
        raise Failure(
            f"{option} must name a file that can be written, got {path!r} with {error.strerror}"
        ) from None


def one_of(names: Sequence[str]) -> Any:
    """An argparse type: one of some names."""

    def read(text: str) -> str:
        if text not in names:
            raise argparse.ArgumentTypeError(f"must be one of {', '.join(names)}, got {text!r}")
        return text

    return read


def whole(least: int, most: int | None = None) -> Any:
    """An argparse type: integers from ``least`` to ``most``, or to what 64 bits hold."""
    rule = f"an integer >= {least}" if most is None else f"an integer in [{least}, {most}]"

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least or (most is not None and value > most):
            raise argparse.ArgumentTypeError(f"must be {rule}, got {text!r}")
        if value >= 2**63:
            raise argparse.ArgumentTypeError(f"must be an integer < 2**63, got {text!r}")
        return value

    return read


def number(least: float, below: float = math.inf, above: bool = False) -> Any:
    """An argparse type: numbers in [least, below), or in (least, below) with ``above``."""
    rule = f"a number {'>' if above else '>='} {least:g}"
    rule += f" and < {below:g}" if below < math.inf else ""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (least < value if above else least <= value) or not value < below:
            raise argparse.ArgumentTypeError(f"must be {rule}, got {text!r}")
        return value

    return read


def share(text: str) -> float:
    """An argparse type: numbers in [0, 1]."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"must be a number in [0, 1], got {text!r}")
    return value


def add_threads(parser: argparse.ArgumentParser) -> None:
    """The option --threads."""
    parser.add_argument(
        "--threads",
        type=whole(1, 1024),
        metavar="N",
        help="threads to use at most (default: the CPUs allowed)",
    )


def set_threads(arguments: argparse.Namespace) -> None:
    """Obey --threads."""
    if arguments.threads is not None:
        from fastnn.machine import set_num_threads

        set_num_threads(arguments.threads)


def counted(n: int, noun: str) -> str:
    """A number with its noun.

    Examples
    --------
    >>> counted(1, "epoch"), counted(2, "epoch")
    ('1 epoch', '2 epochs')
    """
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
