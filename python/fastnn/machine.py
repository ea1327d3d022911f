"""The machine: instruction set and threads."""

from __future__ import annotations

import os
import platform
import sys
from typing import TextIO

import numpy as np

from fastnn import _core
from fastnn._checks import check_integer


def isa() -> str:
    """The instruction set in use: "avx512", "avx2", "baseline" (x86-64-v2) or "neon".

    The best that the CPU has; the environment variable ``FASTNN_ISA`` forces another.

    Examples
    --------
    >>> isa() in ("avx512", "avx2", "baseline", "neon")
    True
    """
    return str(_core.isa())


def get_num_threads() -> int:
    """Threads that a large job may use.

    ``FASTNN_NUM_THREADS`` or ``OMP_NUM_THREADS`` where set, else the CPUs that affinity, OpenMP's
    places (``OMP_PROC_BIND``, ``OMP_PLACES``) and the cgroup's quota allow. Small jobs use fewer;
    results have the same bits for any number.
    """
    return int(_core.get_num_threads())


def set_num_threads(count: int) -> None:
    """Set the threads that a large job may use.

    Parameters
    ----------
    count : int, 1 to 1024
        A job uses 256 of them at most.

    Raises
    ------
    ValueError
        If ``count`` is below 1 or above 1024.
    TypeError
        If it is no integer.

    Examples
    --------
    >>> before = get_num_threads()
    >>> set_num_threads(1)
    >>> get_num_threads()
    1
    >>> set_num_threads(before)
    """
    rule = "an integer in [1, 1024]"
    number = check_integer("set_num_threads", "count", count, rule, lambda n: 1 <= n <= 1024)
    _core.set_num_threads(number)


def config() -> dict[str, object]:
    """What `show_config` prints, as a dict."""
    return {
        "fastnn": str(_core.__version__),
        "isa": isa(),
        "isas": {name: bool(works) for name, works in _core.isas()},
        "bf16": "avx512_bf16" if _core.has_bf16() else "emulated",
        "threads": get_num_threads(),
        "cpus": int(_core.available_cpus()),
        "compiler": str(_core.__compiler__),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "platform": platform.platform(),
        "forced": {
            name: os.environ[name]
            for name in ("FASTNN_ISA", "FASTNN_NUM_THREADS", "OMP_NUM_THREADS")
            if name in os.environ
        },
    }


def show_config(file: TextIO | None = None) -> None:
    """Print version, instruction sets, threads and compiler, for bug reports."""
    for name, value in config().items():
        if isinstance(value, dict):
            value = ", ".join(f"{k}={v}" for k, v in value.items()) or "none"
        print(f"{name:<9} {value}", file=file or sys.stdout)
