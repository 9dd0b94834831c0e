#!/usr/bin/env bash
# Builds the fuzz targets (preset asan: clang, AddressSanitizer, UndefinedBehaviorSanitizer) and runs each for a bounded time.
# Usage: tools/fuzz.sh SECONDS_PER_TARGET
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-15}
tools/need_packages.sh clang-19 libclang-rt-19-dev libomp-19-dev
launcher=$(command -v ccache >/dev/null && echo -DCMAKE_CXX_COMPILER_LAUNCHER=ccache || true)
cmake --preset asan $launcher >/dev/null
cmake --build build/asan --target fuzzers -- --quiet

# fuzz_one BINARY SECONDS
fuzz_one() {
  local name corpus log
  name=$(basename "$1")
  corpus=build/asan/fuzz/corpus/$name
  log=build/asan/fuzz/$name.log
  mkdir -p "$corpus"
  [ -d "fuzz/corpus/$name" ] && cp -n "fuzz/corpus/$name"/* "$corpus"/
  # What it found is written beside its log: crash-*, oom-*, timeout-*.
  if ! "$1" -max_total_time="$2" -rss_limit_mb=2048 -timeout=10 -print_final_stats=1 \
    -artifact_prefix="build/asan/fuzz/$name-" "$corpus" >"$log" 2>&1; then
    tail -40 "$log"
    echo "$name found something; the input is build/asan/fuzz/$name-*, the whole log $log" >&2
    return 1
  fi
  echo "-- $name, $2 s: $(grep -o 'number_of_executed_units: .*' "$log")"
}
export -f fuzz_one
printf '%s\n' build/asan/bin/*_fuzz | xargs -P "$(nproc)" -I{} bash -euc "fuzz_one {} $seconds"
