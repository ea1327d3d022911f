"""Checks the objects compiled per instruction set: none shares code with another.

A weak symbol (an inline function, a template outside an anonymous namespace) exists once in the
linked library, whoever compiled it: an AVX-512 copy could be called on an old CPU. Every symbol
that such an object defines must be local, or lie in the namespace of its instruction set; and
nothing in it may allocate, throw or have static state.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

FORBIDDEN = r"operator new|operator delete|std::|malloc|__cxa_guard|__cxa_throw"


def problems(isa: str, objects: list[Path]) -> list[str]:
    out = subprocess.run(
        ["nm", "--demangle", "--print-file-name", "--format=sysv", *map(str, objects)],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    found = []
    for line in out.splitlines():
        if line.count("|") < 6:
            continue
        head, _, kind, _, _, _, section = (part.strip() for part in line.rsplit("|", 6))
        path, _, name = head.partition(":")
        where = f"{Path(path).name}: {name}"
        if kind == "U" and re.match(FORBIDDEN, name):
            found.append(f"{where} must not be used in a kernel")
        if kind != "U" and not kind.islower() and f"fastnn::{isa}::" not in name:
            found.append(f"{where} must be in namespace fastnn::{isa}, got kind {kind}")
        if section.startswith((".bss", ".tbss", ".tdata")) or section in (".data", ".ldata"):
            found.append(f"{where} must not be static state that changes, got section {section}")
    return found


if __name__ == "__main__":
    errors, count = [], 0
    for folder in sorted(Path(sys.argv[1]).glob("CMakeFiles/fastnn_kernels_*.dir")):
        isa = folder.stem.removeprefix("fastnn_kernels_")
        objects = sorted(folder.rglob("*.o"))
        count += len(objects)
        errors += problems(isa, objects)
    for error in errors:
        print(f"FAILED  {error}")
    print(f"{count} objects, {len(errors)} problems")
    sys.exit(bool(errors) or not count)
