# Form and types.

stage_lint() {
  enter user
  pip install --quiet ".[dev,plot,images]"  # types of what the extras import
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
