"""The layers of the tree: no arrow is reversed, and lists, files and tests agree.

C++: base <- simd <- gemm <- ops <- dispatch <- graph <- bind.
Python: _core <- ops <- nn, losses, optim <- model <- trainer <- networks, with data, metrics, plot
and io beside them. Imports inside functions save time at start; those that go up are listed.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CPP = ROOT / "cpp"
PYTHON = ROOT / "python" / "fastnn"

LAYERS = ("base", "simd", "gemm", "ops", "dispatch", "graph", "bind")
PER_ISA = ("simd", "gemm", "ops")  # compiled once for each instruction set
NO_OPS = {"table", "reduce", "view"}  # files of cpp/ops that several ops share
STANDARD_C = {"float.h", "math.h", "stddef.h", "stdint.h", "stdio.h", "string.h", "cstdint"}

# A module may import those of lower rank, and those of its own group.
ORDER = (
    ("_core", "_arrays", "_checks", "_config", "_glyphs", "_png", "_start", "atomic"),
    ("_raster", "machine", "ops"),
    ("losses", "nn", "schedules"),
    ("data", "history", "metrics", "optim", "progress"),
    ("datasets", "flat", "graph"),
    ("assembly", "feeds", "replay", "summary"),
    ("inspection", "targets"),
    ("model",),
    ("callbacks", "epoch", "objective", "plot", "precision", "rule"),
    ("callback_list", "diagnosis"),
    ("passes",),
    ("trainer",),
    ("io", "networks"),
    ("reproduce",),
    ("cli",),
    ("__init__", "__main__"),
)
RANKS = {unit: rank for rank, units in enumerate(ORDER) for unit in units}
# Who reaches up, from inside a function: methods that users look for where the object is.
REACHING_UP = {
    ("history", "plot"),
    ("model", "io"),
    ("trainer", "io"),
}
# Who may touch the core: ops; a model that compiles itself and a trainer that runs it (with the
# modules these two are cut into); data, which gathers rows; machine, its switches.
CORE_USERS = {
    "ops", "flat", "model", "diagnosis", "graph", "inspection", "objective", "precision", "rule", "epoch",
    "trainer", "data", "machine", "__init__",
}  # fmt: skip


def includes(path):
    return re.findall(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', path.read_text(), re.M)


def sources(layer):
    return sorted(p for p in (CPP / layer).iterdir() if p.suffix in (".h", ".cpp"))


@pytest.mark.parametrize("layer", LAYERS)
def test_cpp_includes_only_lower_layers(layer):
    allowed = LAYERS[: LAYERS.index(layer) + 1]
    for path in sources(layer):
        for bracket, name in includes(path):
            if bracket == '"':
                assert name.split("/")[0] in allowed, f"{path.name} includes {name}"
                assert (CPP / name).is_file(), f"{path.name} includes {name}"


def test_every_folder_of_cpp_is_a_layer():
    assert sorted(p.name for p in CPP.iterdir() if p.is_dir()) == sorted(LAYERS)


@pytest.mark.parametrize("layer", PER_ISA)
def test_kernels_use_no_standard_library(layer):
    for path in sources(layer):
        for bracket, name in includes(path):
            if bracket == "<":
                known = name in STANDARD_C or name.endswith("intrin.h") or name == "arm_neon.h"
                assert known, f"{path.name} includes <{name}>"
        text = re.sub(r"//.*", "", path.read_text())
        assert "std::" not in text, path.name
        assert not re.search(r"\b(new|malloc|throw)\b\s*[^;]*;", text), path.name


def own_modules():
    return sorted(p for p in PYTHON.rglob("*.py"))


def unit_of(path):
    """The module or package right below fastnn that a file belongs to."""
    parts = path.relative_to(PYTHON).with_suffix("").parts
    return parts[0]


def imports(path, lazy=False):
    """Modules below fastnn that a file imports when it is imported itself, or else ``lazy``."""
    found = set()
    inside = set()
    hints = set()
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            inside.update(id(inner) for inner in ast.walk(node))
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            hints.update(id(inner) for inner in ast.walk(node))
    for node in ast.walk(tree):
        if id(node) in hints or (id(node) in inside) != lazy:
            continue
        if isinstance(node, ast.Import):
            found.update(a.name.split(".")[1] for a in node.names if a.name.startswith("fastnn."))
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively"
            if node.module == "fastnn":
                found.update(a.name for a in node.names)
            elif node.module and node.module.startswith("fastnn."):
                found.add(node.module.split(".")[1])
    return found


def test_every_module_has_its_place():
    assert {unit_of(path) for path in own_modules()} | {"_core"} == set(RANKS)


@pytest.mark.parametrize("path", own_modules(), ids=lambda p: str(p.relative_to(PYTHON)))
def test_python_imports_only_lower_layers(path):
    unit = unit_of(path)
    for name in imports(path) - {unit}:
        assert RANKS[name] < RANKS[unit], f"{unit} imports {name}"


def test_who_reaches_up_is_known():
    arrows = {(unit_of(path), name) for path in own_modules() for name in imports(path, lazy=True)}
    assert {(a, b) for a, b in arrows if RANKS[b] >= RANKS[a] and a != b} == REACHING_UP


@pytest.mark.parametrize("path", own_modules(), ids=lambda p: str(p.relative_to(PYTHON)))
def test_only_the_named_modules_touch_the_core(path):
    if unit_of(path) not in CORE_USERS:
        assert "_core" not in imports(path)
        assert not re.search(r"import _core|fastnn\._core", path.read_text())


def listed(name):
    macro = "FASTNN_OP" if name == "ops.def" else "FASTNN_OPTIMIZER"
    return re.findall(rf"^{macro}\((\w+)\)$", (CPP / "ops" / name).read_text(), re.M)


def test_lists_are_sorted():
    for name in ("ops.def", "optimizers.def"):
        assert listed(name) == sorted(listed(name)), name


def test_every_op_has_a_line_a_file_and_a_test():
    files = {p.stem for p in (CPP / "ops").glob("*.cpp")} - NO_OPS
    assert files == set(listed("ops.def")) | set(listed("optimizers.def"))
    tests = {p.stem.removeprefix("test_") for p in (ROOT / "tests" / "ops").glob("test_*.py")}
    assert set(listed("ops.def")) - tests == set()


def test_every_op_has_a_benchmark():
    bench = ROOT / "bench"
    for name, file in (("ops.def", "cases.cpp"), ("optimizers.def", "passes.cpp")):
        cases = set(re.findall(r'^    \{"(\w+)', (bench / file).read_text(), re.M))
        assert set(listed(name)) - cases == set(), file


def test_the_core_has_the_ops_of_the_list():
    from fastnn import _core

    assert list(_core.op_names()) == listed("ops.def")


def kernel_objects():
    folders = [os.environ.get("FASTNN_BUILD_DIR")] if "FASTNN_BUILD_DIR" in os.environ else []
    folders += sorted((ROOT / "build").glob("*")) if (ROOT / "build").is_dir() else []
    for folder in folders:
        objects = sorted(Path(folder).glob("CMakeFiles/fastnn_kernels_*.dir/**/*.o"))
        if objects:
            return objects
    pytest.skip("needs the object files of a build: set FASTNN_BUILD_DIR")


def test_no_shared_code_is_compiled_for_an_instruction_set():
    """The linker may choose a weak function for all CPUs: it must lie in its own namespace."""
    if not shutil.which("nm"):
        pytest.skip("needs nm")
    objects = kernel_objects()
    for isa in {o.parts[-4].split(".")[0] for o in objects if o.parts[-2] in PER_ISA}:
        name = isa.removeprefix("fastnn_kernels_")
        own = [str(o) for o in objects if isa in str(o)]
        command = ["nm", "--defined-only", "--format=posix", *own]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        for line in text.splitlines():
            fields = line.split()
            if len(fields) < 2 or fields[1] not in "WwVvu":
                continue
            symbol = fields[0]
            inside = f"6fastnn{len(name)}{name}" in symbol
            constant = fields[1] in "Vvu" and symbol.startswith(("_ZN6fastnn", "_ZZN6fastnn"))
            harmless = symbol.startswith(("DW.ref.", "__clang_call_terminate"))
            assert inside or constant or harmless, f"{name}: {symbol}"


def test_kernels_hold_no_state_and_do_not_allocate():
    """Not in the sources alone: neither do the objects, whatever a compiler made of them."""
    if not shutil.which("nm"):
        pytest.skip("needs nm")
    command = ["nm", "--demangle", "--format=sysv", *map(str, kernel_objects())]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for line in text.splitlines():
        if line.count("|") < 6:
            continue
        name, _, kind, _, _, _, section = (part.strip() for part in line.rsplit("|", 6))
        state = section.startswith((".bss", ".tbss", ".tdata")) or section in (".data", ".ldata")
        assert not state, f"{name} in {section}"
        if kind == "U":
            used = re.match(r"operator (new|delete)|(m|c|re)alloc$|std::|__cxa_(guard|throw)", name)
            assert not used, name


def test_ci_names_tests_that_exist():
    files = [*(ROOT / ".ci").iterdir(), ROOT / "pyproject.toml"]
    named = {m for f in files for m in re.findall(r"\btests/[\w./]+", f.read_text())}
    assert len(named) > 5
    assert not [name for name in named if not (ROOT / name).exists()]
