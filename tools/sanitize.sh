#!/usr/bin/env bash
# Builds the tests that a sanitizer has something to say about, and runs them.
# Usage: tools/sanitize.sh asan|tsan [TEST...]      without tests: all that are of use
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${1:-}
chosen=${*:2}
# Parsers, arithmetic and buffers for asan; what has threads for tsan.
case $preset in
  asan) targets="base_test graph_test op_test rewrite_test onnx_test kernel_streamed_test kernel_test plan_test shard_test transport_test data_test node_test nodes_equal_one_test"
        tools/need_packages.sh clang-19 libclang-rt-19-dev libomp-19-dev ;;
  tsan) targets="transport_test data_test node_test nodes_equal_one_test node_failures_test" ;;
  *) echo "usage: tools/sanitize.sh asan|tsan" >&2; exit 2 ;;
esac
targets=${chosen:-$targets}
launcher=$(command -v ccache >/dev/null && echo -DCMAKE_CXX_COMPILER_LAUNCHER=ccache || true)
cmake --preset "$preset" $launcher >/dev/null
cmake --build "build/$preset" --target $targets -- --quiet
# The OpenMP runtime is not instrumented: one thread.
export OMP_NUM_THREADS=1 ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 LSAN_OPTIONS="suppressions=$PWD/tools/lsan.supp" TSAN_OPTIONS="halt_on_error=1 suppressions=$PWD/tools/tsan.supp"
for target in $targets; do
  echo "-- $preset $target"
  "build/$preset/bin/$target" --gtest_brief=1
done
