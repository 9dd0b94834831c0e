#!/usr/bin/env bash
# Convolutions as disco trains them against plain sums, at each level of instructions that this processor has. All cases take an
# hour on an idle machine. Findings stand in build/conv_sweep/LEVEL.txt.
# Usage: tools/conv_sweep.sh [OPTION...]      of conv_sweep: --end 4000, --libtorch, --threads 1
set -euo pipefail
cd "$(dirname "$0")/.."
results=build/conv_sweep
mkdir -p "$results"
failed=0
for level in SSE41 AVX AVX2 AVX512 own; do
  echo "== $level"
  status=0
  tools/at_level.sh "$level" build/release/bin/conv_sweep "$@" | tee "$results/$level.txt" || status=$?
  if [ $status != 0 ] && [ $status != 77 ]; then failed=1; fi
done
exit $failed
