#!/usr/bin/env bash
# Runs tests that are built at several levels of vector instructions, as processors of several ages have them.
# Usage: tools/levels.sh [--preset NAME] [--levels "sse41 avx2 own"] [CTEST OPTION...]
#   tools/levels.sh --levels avx2 -L train_test     one level, the tests of one program (-R REGEX: by name)
# Prints a table; writes it to build/NAME/levels/summary.json, beside the log and the JUnit file of each level.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  echo "usage: tools/levels.sh [--preset NAME] [--levels \"sse41 avx2 own\"] [CTEST OPTION...]" >&2
  exit 2
}

# name_of LEVEL: as tools/at_level.sh calls it.
name_of() {
  case $1 in
    sse41 | avx2) echo "${1^^}" ;;
    own) echo own ;;
    *)
      echo "there is no level '$1'; say sse41, avx2 or own" >&2
      return 2
      ;;
  esac
}

# attribute NAME FILE: of the test suite in a JUnit file.
attribute() { sed -n "s/^[[:space:]]*$1=\"\([0-9.]*\)\".*/\1/p" "$2" | head -1; }

# record LEVEL SECONDS: one line of JSON from the level's JUnit file.
record() {
  local junit=$results/$1.xml
  sed -n 's/.*<testcase name="\([^"]*\)".*status="fail".*/\1/p' "$junit" | jq -R . | jq -cs \
    --arg level "$1" --argjson seconds "$2" --argjson tests "$(attribute tests "$junit")" \
    --argjson failed "$(attribute failures "$junit")" --argjson skipped "$(attribute skipped "$junit")" \
    '{level: $level, tests: $tests, passed: ($tests - $failed - $skipped), $failed, $skipped, $seconds,
      failures: map(sub(" +# GetParam.*"; ""))}'
}

# run_level LEVEL CTEST_OPTION...: fails when a test does, or when there is none.
run_level() {
  local level=$1 start=$SECONDS rc=0
  shift
  echo "-- level $level: log $results/$level.log" >&2
  tools/at_level.sh "$(name_of "$level")" ctest --test-dir "build/$preset" --no-tests=error --output-on-failure \
    --output-junit "$results/$level.xml" -j "$(($(nproc) + 1))" "$@" >"$results/$level.log" 2>&1 || rc=$?
  if [ $rc = 77 ]; then # the processor has no such instructions
    cat "$results/$level.log" >&2
    return 0
  elif [ -s "$results/$level.xml" ]; then
    record "$level" $((SECONDS - start)) >>"$results/records"
  else
    tail -5 "$results/$level.log" >&2
  fi
  return $rc
}

preset=release
levels="sse41 avx2 own"
while [ $# -gt 0 ]; do
  case $1 in
    --preset) preset=${2:-} ;;
    --levels) levels=${2:-} ;;
    -h | --help) usage ;;
    *) break ;;
  esac
  [ $# -ge 2 ] || usage
  shift 2
done
for level in $levels; do name_of "$level" >/dev/null; done
if [ ! -f "build/$preset/CTestTestfile.cmake" ]; then
  echo "tools/levels.sh: build/$preset holds no tests: make build PRESET=$preset" >&2
  exit 2
fi
results=$PWD/build/$preset/levels
rm -rf "$results"
mkdir -p "$results"

failed=0
for level in $levels; do run_level "$level" "$@" || failed=1; done
touch "$results/records"
jq -s --arg date "$(date -I)" --arg commit "$(git describe --always --dirty)" \
  --arg cpu "$(lscpu | sed -n 's/^Model name: *//p')" '{$date, $commit, $cpu, levels: .}' \
  "$results/records" >"$results/summary.json"
rm "$results/records"
{
  echo level tests passed failed skipped seconds
  jq -r '.levels[] | "\(.level) \(.tests) \(.passed) \(.failed) \(.skipped) \(.seconds)"' "$results/summary.json"
} | awk '{printf "%-6s %7s %7s %7s %8s %8s\n", $1, $2, $3, $4, $5, $6}'
jq -r '.levels[] | "\(.level) \(.failures[])"' "$results/summary.json" | sed 's/^/FAILED at level /'
exit $failed
