# C++ tests without Python; the same, then the binding's under sanitizers; another CPU.

test_kernels() {  # where to build, what to configure
  local build=build/$1
  shift
  enter_tools
  cmake -S . -B "$build" -G Ninja -DFASTNN_PYTHON=OFF -DFASTNN_TESTS=ON "$@"
  cmake --build "$build"
  ctest --test-dir "$build" --output-on-failure --no-tests=error
}

# A training step allocates nothing. Sanitizers have an allocator of their own, so this test is linked
# with what `install` has compiled: in seconds, or in minutes where that stage did not run.
stage_allocations() {
  local core build=build/allocations
  if ! core=$(compgen -G 'build/*-*/libfastnn_core.a'); then
    enter_tools
    cmake -S . -B "$build" -G Ninja -DFASTNN_PYTHON=OFF
    cmake --build "$build"
    core=$build/libfastnn_core.a
  fi
  g++ -std=gnu++20 -O2 -fopenmp -Icpp tests/core/allocation_test.cpp "${core%%$'\n'*}" -o "$work/allocation_test"
  "$work/allocation_test"
}

# The instruction sets that this machine runs.
stage_kernels() {
  if grep -qs avx512bw /proc/cpuinfo; then test_kernels kernels '-DFASTNN_X86_SETS=avx2;avx512'
  else test_kernels kernels -DFASTNN_X86_SETS=avx2; fi
}

# By the other compiler, whose library for OpenMP is another too.
stage_clang() {
  if ! command -v clang++-19 >/dev/null || ! compgen -G "/usr/lib/llvm-19/lib/libomp*" >/dev/null; then
    if [[ $(id -u) -ne 0 ]] || ! { apt-get update -qq && apt-get install -y -qq clang-19 libomp-19-dev; }; then
      note "             needs clang-19 and libomp-19-dev, which cannot be installed here"
      return 1
    fi
  fi
  test_kernels clang -DCMAKE_CXX_COMPILER=clang++-19
}

# AVX-512's tiles in AVX2's instructions: their logic, where no CPU has them.
stage_emulated() { test_kernels emulated -DFASTNN_X86_SETS=avx2 -DFASTNN_EMULATE_AVX512=ON; }

# -O1 and a single instruction set, AVX2 in the baseline's place: what is looked for does not depend on
# the others, and it compiles in an eighth of the time.
sanitizers() {
  local march=x86-64-v2
  ! grep -qs avx2 /proc/cpuinfo || march=x86-64-v3
  flags=(-DFASTNN_SANITIZE=ON -DFASTNN_X86_SETS=none "-DFASTNN_BASELINE_MARCH=$march")
}

# The C++ tests under AddressSanitizer and UndefinedBehaviorSanitizer, then the binding's: every op through
# it by the laws that all keep, models, trainers and their data.
stage_sanitize() {
  build_sanitized
  run_sanitized tests/test_contract_ops.py tests/test_model.py tests/trainer tests/test_feeds.py \
    tests/data/test_batches.py tests/data/test_sources.py
}

# Each op's own tests too, which take minutes.
stage_sanitize_ops() {
  build_sanitized
  run_sanitized tests/ops tests/simd tests/test_optim.py
}

build_sanitized() {
  local flags
  sanitizers
  enter_tools
  flags+=(-DFASTNN_PYTHON=ON -DSKBUILD_PROJECT_VERSION=0 "-DPython_EXECUTABLE=$(command -v python)"
    "-Dpybind11_DIR=$(python -m pybind11 --cmakedir)")
  test_kernels sanitize "${flags[@]}"
  mkdir -p "$work/sanitized"
  cp -r python/fastnn "$work/sanitized/"
  cp build/sanitize/_core*.so "$work/sanitized/fastnn/"
}

run_sanitized() {
  # Python itself leaks by design. libstdc++ beside libasan, for the latter looks for __cxa_throw early.
  run_pytest env ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 \
    LD_PRELOAD="$(g++ -print-file-name=libasan.so) $(g++ -print-file-name=libstdc++.so.6)" \
    PYTHONPATH="$work/sanitized" PYTHONMALLOC=malloc \
    python -m pytest -p no:cacheprovider --strict-config "$@"
}

stage_aarch64() {
  if ! command -v aarch64-linux-gnu-g++ >/dev/null || ! command -v qemu-aarch64 >/dev/null; then
    if [[ $(id -u) -ne 0 ]] || ! { apt-get update -qq && apt-get install -y -qq g++-aarch64-linux-gnu qemu-user; }; then
      note "             needs g++-aarch64-linux-gnu and qemu-user, which cannot be installed here"
      return 1
    fi
  fi
  enter_tools
  bash tests/core/run_aarch64.sh "$work/aarch64"
}
