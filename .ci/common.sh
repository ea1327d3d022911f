# What several stages use. Sourced by .ci/run, which sets `work` and `tree`.

note() { echo "$*" | tee -a "$work/notes"; }

# Enters the virtual environment of that name, made when it is first asked for.
enter() {
  [[ -d $work/env-$1 ]] || "${PYTHON:-python3}" -m venv "$work/env-$1"
  source "$work/env-$1/bin/activate"
}

# pytest, with its last line in the summary.
run_pytest() {
  local log
  log=$(mktemp -p "$work")
  "$@" 2>&1 | tee "$log"
  note "             $(tail -n 1 "$log")"
}

# The line of README.md that begins like this: the commands that are run are those that are promised.
readme_command() {
  grep -m 1 -E "^$1" README.md || { echo "README.md must have a line that begins with $1" >&2 && return 1; }
}

# The programs on PATH but for those that pip must bring, as one folder of links.
without_build_tools() {
  local bin=$work/bin folder folders
  mkdir -p "$bin"
  IFS=: read -ra folders <<<"$PATH"
  for folder in "${folders[@]}"; do ln -s "$folder"/* "$bin/" 2>/dev/null || true; done
  rm -f "$bin"/{cmake,ctest,cpack,ninja,pybind11}*
  echo "$bin"
}

# An environment with what builds and tests the C++ tree.
enter_tools() {
  enter tools
  pip install --quiet cmake ninja pybind11 numpy pytest
}
