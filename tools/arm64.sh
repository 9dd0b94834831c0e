#!/usr/bin/env bash
# Cross compiles disco and its tests for 64-bit ARM, and runs the tests and sessions of two nodes under QEMU. From a bare
# Debian 12 with git and root or sudo; a second call repeats only the running.
# Usage: tools/arm64.sh [TEST_PROGRAM...]      without programs: those of what a node runs
set -euo pipefail
cd "$(dirname "$0")/.."
build=build/arm64
results=$build/results
emulator="qemu-aarch64 -cpu cortex-a72 -L $PWD/build/arm64-sysroot" # as in cmake/arm64.cmake
programs=(base_test tensor_test graph_test op_test rewrite_test onnx_test transport_test data_test kernel_reference_test kernel_streamed_test
  kernel_onednn_test kernel_test plan_test shard_test node_test nodes_equal_one_test onnx_conformance_test)
# Whole networks of ONNX's own tests: half an hour each, and minutes of waiting for a node.
left_out='*LightNetworks*'
[ $# -gt 0 ] && programs=("$@")

say() { printf '\n-- %s\n' "$*"; }

# compile PRESET TARGET...
compile() {
  local launcher=()
  if command -v ccache >/dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
  cmake --preset "$1" "${launcher[@]}" >/dev/null
  cmake --build "build/$1" --target "${@:2}" -- --quiet
}

compile_all() {
  # shellcheck disable=SC2046  # one word each
  tools/need_packages.sh $(sed -n 's/^\([a-z0-9.+-]*\) .*/\1/p' tools/debian-packages.txt | grep -v torch) \
    g++-aarch64-linux-gnu qemu-user
  tools/arm64_sysroot.sh
  compile arm64 disco "${programs[@]}"
  compile lean disco
}

# run_program NAME: writes the log and the JSON report of its tests.
# shellcheck disable=SC2317  # xargs runs it
run_program() {
  local start=$SECONDS
  $emulator "$build/bin/$1" --gtest_brief=1 --gtest_filter="-$left_out" \
    --gtest_output="json:$results/$1.json" >"$results/$1.log" 2>&1 || true
  echo $((SECONDS - start)) >"$results/$1.seconds"
}

# counts_of NAME: passed, failed, skipped. A program that ended early is one test that failed.
counts_of() {
  if [ ! -s "$results/$1.json" ]; then
    echo 0 1 0
    return
  fi
  jq -r '[.testsuites[].testsuite[]] as $all
    | [$all[] | select(.failures)] as $failed
    | [$all[] | select(.result == "SKIPPED")] as $skipped
    | "\(($all | length) - ($failed | length) - ($skipped | length)) \($failed | length) \($skipped | length)"' "$results/$1.json"
}

run_programs() {
  export -f run_program
  export emulator build results left_out
  printf '%s\n' "${programs[@]}" | xargs -P "$(nproc)" -I{} bash -c 'run_program {}'
  for program in "${programs[@]}"; do
    echo "$program $(counts_of "$program") $(cat "$results/$program.seconds")"
  done >"$results/table"
  awk '{printf "%-24s %5d passed %4d failed %4d skipped %5d s\n", $1, $2, $3, $4, $5}' "$results/table"
  awk '$3 > 0 {print $1}' "$results/table" | while read -r program; do
    echo "FAILED: $program, log $results/$program.log"
    tail -25 "$results/$program.log"
  done
}

say "packages, build"
compile_all
rm -rf "$results"
mkdir -p "$results"
say "tests"
run_programs
say "sessions of two nodes"
status=0
tools/arm64_sessions.sh build/lean/bin/disco "$emulator $build/bin/disco" "$results" || status=1
awk '{p += $2; f += $3; s += $4} END {
  printf "\n-- arm64: %d tests passed, %d failed, %d skipped; ", p, f, s
  exit f > 0}' "$results/table" || status=1
echo "sessions: $([ -f "$results/sessions" ] && cat "$results/sessions" || echo none)"
exit $status
