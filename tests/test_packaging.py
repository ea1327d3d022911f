"""What is packed and declared: metadata, data, the extension's stub, README's commands."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import sys
from importlib.resources import files
from pathlib import Path

import pytest

import fastnn
from fastnn import _core

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = files("fastnn")


# -- metadata --------------------------------------------------------------------------------------


def project() -> dict[str, object]:
    tomllib = pytest.importorskip("tomllib", reason="reads pyproject.toml: Python >= 3.11")
    path = ROOT / "pyproject.toml"
    if not path.is_file():
        pytest.skip("reads pyproject.toml of the source tree")
    return tomllib.loads(path.read_text())["project"]


def test_version_is_the_same_everywhere():
    assert fastnn.__version__ == _core.__version__
    assert re.fullmatch(r"\d+\.\d+\.\d+", fastnn.__version__)
    assert fastnn.__version__ == project()["version"]


def test_installed_metadata_is_the_declared_one():
    """NumPy is the one requirement that is not of an extra; the command points at its function."""
    try:
        distribution = importlib.metadata.distribution("fastnn")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("fastnn is not installed but imported from the source tree")
    assert distribution.version == fastnn.__version__
    required = [r for r in distribution.requires or [] if "extra ==" not in r]
    assert required == ["numpy>=1.23"]
    assert distribution.metadata["License-Expression"] == "Apache-2.0"
    assert distribution.metadata["Requires-Python"] == ">=3.10"
    commands = {e.name: e.value for e in distribution.entry_points}
    assert commands == {"fastnn": "fastnn.cli:main"}


def test_the_test_extra_stays_light():
    """Comparisons with PyTorch and others run where those are installed; nobody is made to."""
    heavy = re.compile(r"torch|tensorflow|jax|scikit-learn|scipy|pandas|onnx")
    extras = project()["optional-dependencies"]
    assert isinstance(extras, dict)
    assert [r for r in extras["test"] if heavy.match(r)] == []


@pytest.mark.parametrize(
    "name",
    [
        "py.typed",
        "_core.pyi",
        "datasets/digits-images-idx3-ubyte.gz",
        "datasets/digits-labels-idx1-ubyte.gz",
        "datasets/NOTICE",
    ],
)
def test_package_holds(name):
    assert PACKAGE.joinpath(name).is_file()


def test_package_holds_no_build_junk():
    """Sources, objects and tests stay outside of what is imported."""
    junk = re.compile(r".*\.(cpp|h|o|a|cmake|orig|rej)$|CMake.*|test.*|conftest.*")
    found = [p.name for p in Path(str(PACKAGE)).rglob("*") if junk.fullmatch(p.name)]
    assert found == []


# -- the stub of the extension ---------------------------------------------------------------------


def stub() -> ast.Module:
    return ast.parse(PACKAGE.joinpath("_core.pyi").read_text())


def functions(body: list[ast.stmt]) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in body if isinstance(node, ast.FunctionDef)}


def classes() -> dict[str, ast.ClassDef]:
    """Classes of the extension; TypedDicts only name what its dicts hold."""
    found = [node for node in stub().body if isinstance(node, ast.ClassDef)]
    return {node.name: node for node in found if not node.bases}


def signature(function: ast.FunctionDef) -> list[tuple[str, bool]]:
    """Names of the arguments but self, "" where no keyword; each with whether it has a default."""
    given = [*function.args.posonlyargs, *function.args.args]
    defaults = [False] * (len(given) - len(function.args.defaults))
    pairs = zip(given, [*defaults, *(True for _ in function.args.defaults)], strict=True)
    unnamed = {a.arg for a in function.args.posonlyargs}
    return [("" if a.arg in unnamed else a.arg, d) for a, d in pairs if a.arg != "self"]


def compiled_signature(function: object) -> list[tuple[str, bool]]:
    """The same, from the first line of what pybind11 writes into ``__doc__``."""
    line = (function.__doc__ or "").strip().splitlines()[0]
    call = ast.parse(re.sub(r"<[^>]*>", "None", f"def {line}: ...")).body[0]
    assert isinstance(call, ast.FunctionDef)
    return [
        ("" if re.fullmatch(r"arg\d+", name) else name, default)
        for name, default in signature(call)
    ]


def test_stub_names_every_function_and_class():
    public = {name for name in dir(_core) if not name.startswith("_")}
    assert public == {*functions(stub().body), *classes()}


def test_stub_names_every_method():
    for name, node in classes().items():
        compiled = {m for m in dir(getattr(_core, name)) if not m.startswith("_")}
        written = {m for m in functions(node.body) if not m.startswith("_")}
        written |= {
            item.target.id
            for item in node.body
            if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
        }
        assert compiled == written, name


def test_stub_gives_the_compiled_arguments():
    for name, node in functions(stub().body).items():
        assert signature(node) == compiled_signature(getattr(_core, name)), name
    for kind, body in classes().items():
        for name, node in functions(body.body).items():
            if node.decorator_list:  # a property
                continue
            method = getattr(getattr(_core, kind), name)
            assert signature(node) == compiled_signature(method), f"{kind}.{name}"


# -- the repository --------------------------------------------------------------------------------


@pytest.mark.skipif(not (ROOT / "README.md").is_file(), reason="reads README.md of the source tree")
def test_readme_gives_the_two_commands():
    """A newcomer copies whole lines; .ci/run reads the same ones."""
    lines = (ROOT / "README.md").read_text().splitlines()
    assert "pip install . && fastnn train" in lines
    assert any(line.startswith('pip install ".[test]"') for line in lines)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="reads TOML")
def test_tools_are_pinned_alike():
    """pre-commit, CI and a developer's environment form and check code with the same versions."""
    config = ROOT / ".pre-commit-config.yaml"
    if not config.is_file():
        pytest.skip("reads .pre-commit-config.yaml of the source tree")
    extras = project()["optional-dependencies"]
    assert isinstance(extras, dict)
    pinned = dict(r.split("==") for r in extras["dev"] if "==" in r)
    text = config.read_text()
    places = {
        "ruff": "ruff-pre-commit",
        "mypy": "mirrors-mypy",
        "clang-format": "mirrors-clang-format",
    }
    for tool, repository in places.items():
        revision = re.search(rf"{repository}\s+rev: v?([\d.]+)", text)
        assert revision is not None and revision[1] == pinned[tool], tool
