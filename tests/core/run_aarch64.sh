#!/usr/bin/env bash
# Cross-compiles the kernel tests for aarch64 and runs them under qemu. Needs aarch64-linux-gnu-g++,
# qemu-aarch64, ninja. Usage: tests/core/run_aarch64.sh [build directory]
set -euo pipefail
source=$(cd "$(dirname "$0")/../.." && pwd)
build=${1:-$source/build/aarch64}
cmake -S "$source" -B "$build" -G Ninja -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 \
  -DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++ -DFASTNN_PYTHON=OFF -DFASTNN_TESTS=ON
cmake --build "$build"
for test in kernel_test team_test cpus_test company_test 'ops_test --quick'; do
  # shellcheck disable=SC2086
  qemu-aarch64 -L /usr/aarch64-linux-gnu "$build/tests/core/"fastnn_$test
done
