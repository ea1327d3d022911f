# C++ tests without Python; the same and the binding's tests under sanitizers; another CPU.

test_kernels() {  # what to configure
  enter_tools
  cmake -S . -B build/kernels -G Ninja -DFASTNN_PYTHON=OFF -DFASTNN_TESTS=ON "$@"
  cmake --build build/kernels
  ctest --test-dir build/kernels --output-on-failure --no-tests=error
}

# The instruction sets that this machine runs.
stage_kernels() {
  if grep -qs avx512bw /proc/cpuinfo; then test_kernels '-DFASTNN_X86_SETS=avx2;avx512'
  else test_kernels -DFASTNN_X86_SETS=avx2; fi
}

# AVX-512's tiles in AVX2's instructions: their logic, where no CPU has them.
stage_emulated() { test_kernels -DFASTNN_X86_SETS=avx2 -DFASTNN_EMULATE_AVX512=ON; }

# -O1 and a single instruction set, AVX2 in the baseline's place: what is looked for does not depend on
# the others, and it compiles in an eighth of the time.
stage_sanitize() {
  local sanitized_march=x86-64-v2
  ! grep -qs avx2 /proc/cpuinfo || sanitized_march=x86-64-v3
  enter_tools
  cmake -S . -B build/sanitize -G Ninja -DFASTNN_SANITIZE=ON -DFASTNN_TESTS=ON \
    -DFASTNN_X86_SETS=none -DFASTNN_BASELINE_MARCH="$sanitized_march" \
    -DCMAKE_CXX_FLAGS_RELEASE="-O1 -DNDEBUG" -DSKBUILD_PROJECT_VERSION=0 \
    -Dpybind11_DIR="$(python -m pybind11 --cmakedir)" -DPython_EXECUTABLE="$(command -v python)"
  cmake --build build/sanitize
  ctest --test-dir build/sanitize --output-on-failure --no-tests=error
  mkdir "$work/sanitized"
  cp -r python/fastnn "$work/sanitized/"
  cp build/sanitize/_core*.so "$work/sanitized/fastnn/"
  # Python itself leaks by design. libstdc++ beside libasan, for the latter looks for __cxa_throw early.
  run_pytest env ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 \
    LD_PRELOAD="$(g++ -print-file-name=libasan.so) $(g++ -print-file-name=libstdc++.so.6)" \
    PYTHONPATH="$work/sanitized" PYTHONMALLOC=malloc \
    python -m pytest -p no:cacheprovider --strict-config "${sanitized_tests[@]}"
}
sanitized_tests=(tests/ops tests/simd tests/test_optim.py tests/test_model.py tests/test_trainer.py)

stage_aarch64() {
  if ! command -v aarch64-linux-gnu-g++ >/dev/null || ! command -v qemu-aarch64 >/dev/null; then
    if [[ $(id -u) -ne 0 ]] || ! { apt-get update -qq && apt-get install -y -qq g++-aarch64-linux-gnu qemu-user; }; then
      note "             skipped: needs g++-aarch64-linux-gnu and qemu-user, which cannot be installed here"
      return
    fi
  fi
  enter_tools
  bash tests/core/run_aarch64.sh "$work/aarch64"
}
