#!/usr/bin/env bash
# Which lines of disco/ the tests run: builds preset coverage, runs the tests, prints the share of each module.
# build/coverage/report/index.html shows each file.
# Usage: tools/coverage.sh [TEST_PROGRAM...]      tools/coverage.sh base_test tensor_test; without any: all tests
set -euo pipefail
cd "$(dirname "$0")/.."
tools/need_packages.sh gcovr jq
build=build/coverage
jobs=${JOBS:-$(nproc)}
launcher=()
if command -v ccache >/dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
cmake --preset coverage "${launcher[@]}" >/dev/null
# Counts of an earlier run or build do not belong to this one.
find $build -name '*.gcda' -delete

chosen=()
if [ $# != 0 ]; then chosen=(-L "^($(IFS='|' && echo "$*"))\$"); fi
cmake --build $build -j "$jobs" --target "${@:-all}" -- --quiet
failed=0
ctest --test-dir $build -j "$jobs" --no-tests=error --output-on-failure "${chosen[@]}" >$build/tests.log 2>&1 || failed=1
grep -E '^[0-9]+% tests passed|\(Failed\)|\(Timeout\)' $build/tests.log

mkdir -p $build/report
gcovr --root . --filter disco/ --exclude '.*_test\.cc' --exclude '.*_for_test\.h' -j "$jobs" \
  --json-summary $build/report/summary.json --html-details $build/report/index.html $build
jq -r '.files[] | "\(.filename | split("/")[1]) \(.line_covered) \(.line_total)"' $build/report/summary.json | awk '
  function line(name) {printf "%-10s %6d of %6d lines %5.1f %%\n", name, covered[name], total[name], 100 * covered[name] / total[name]}
  {covered[$1] += $2; total[$1] += $3; covered["all"] += $2; total["all"] += $3}
  END {for (name in total) line(name)}' | sort
echo "each file: $PWD/$build/report/index.html"
exit $failed
