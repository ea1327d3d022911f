# Form and types.

stage_lint() {
  enter user
  # The tools, and what the extras import, for its types: the package itself need not be built for them.
  python - <<'CODE' | xargs pip install --quiet numpy
try:
    import tomllib
except ImportError:  # Python 3.10
    from pip._vendor import tomli as tomllib
with open("pyproject.toml", "rb") as file:
    extras = tomllib.load(file)["project"]["optional-dependencies"]
print(*extras["dev"], *extras["plot"], *extras["images"], sep="\n")
CODE
  ruff check
  ruff format --check
  find cpp tests bench -name '*.cpp' -o -name '*.h' | xargs clang-format --dry-run -Werror
  mypy
}

# Printed, not judged: other jobs share the machine.
stage_import_time() {
  enter user
  cd "$work"
  note "             $(python "$tree/.ci/import_time.py")"
}
