"""Checks a wheel: small, stripped, complete, and nothing in it that belongs elsewhere."""

from __future__ import annotations

import io
import re
import sys
import zipfile
from pathlib import Path

from elftools.elf.elffile import ELFFile

LARGEST = 3_000_000  # bytes
NEEDED = (
    r"fastnn/__init__\.py",
    r"fastnn/py\.typed",
    r"fastnn/_core\.pyi",
    r"fastnn/_core\..*\.so",
    r"fastnn/datasets/digits-images-idx3-ubyte\.gz",
    r"fastnn/datasets/digits-labels-idx1-ubyte\.gz",
    r"fastnn/datasets/NOTICE",
    r"fastnn-.*\.dist-info/licenses/LICENSE",
    r"fastnn-.*\.dist-info/entry_points\.txt",
)
ALLOWED = (
    r"fastnn/([a-z_]+/)*[a-z_0-9]+\.py",
    r"fastnn/([a-z_]+/)*[A-Za-z_0-9-]+\.(gz|npz|png|json|txt)",
    r"fastnn-[^/]*\.dist-info/([a-z]+/)*[A-Za-z_.-]+",
    r"fastnn\.libs/libgomp-[0-9a-f]+\.so\.[0-9.]+",
    *NEEDED,
)
LINKED = ("libgomp", "libstdc++", "libgcc_s", "libm.", "libc.", "libpthread", "ld-linux")


def problems(path: Path) -> list[str]:
    found = []
    size = path.stat().st_size
    if size > LARGEST:
        found.append(f"size must be <= {LARGEST} bytes, got {size}")
    with zipfile.ZipFile(path) as wheel:
        names = [name for name in wheel.namelist() if not name.endswith("/")]
        for pattern in NEEDED:
            if not any(re.fullmatch(pattern, name) for name in names):
                found.append(f"{pattern} must be in it, got none")
        for name in names:
            if not any(re.fullmatch(pattern, name) for pattern in ALLOWED):
                found.append(f"{name} must not be in it")
        for name in names:
            if re.search(r"\.so(\.|$)", name):
                found += library_problems(name, wheel.read(name))
        largest = sorted(wheel.infolist(), key=lambda i: -i.file_size)[:4]
    print(f"{path.name}: {size / 1e6:.2f} MB, {len(names)} files")
    for info in largest:
        print(f"  {info.file_size / 1e6:6.2f} MB ({info.compress_size / 1e6:.2f}) {info.filename}")
    return found


def library_problems(name: str, data: bytes) -> list[str]:
    elf = ELFFile(io.BytesIO(data))
    found = []
    if elf.get_section_by_name(".symtab") or elf.get_section_by_name(".debug_info"):
        found.append(f"{name} must be stripped")
    dynamic = elf.get_section_by_name(".dynamic")
    tags = list(dynamic.iter_tags())
    needed = [tag.needed for tag in tags if tag.entry.d_tag == "DT_NEEDED"]
    print(f"  {name} needs {', '.join(needed)}")
    found += [f"{name} must not need {n}" for n in needed if not n.startswith(LINKED)]
    if "_core" in name:
        exported = [
            symbol.name
            for symbol in elf.get_section_by_name(".dynsym").iter_symbols()
            if symbol["st_shndx"] != "SHN_UNDEF" and symbol["st_info"]["bind"] == "STB_GLOBAL"
        ]
        if exported != ["PyInit__core"]:
            found.append(f"{name} must export PyInit__core alone, got {', '.join(exported)}")
    return found


if __name__ == "__main__":
    errors = problems(Path(sys.argv[1]))
    for error in errors:
        print(f"FAILED  {error}")
    sys.exit(bool(errors))
