#!/usr/bin/env bash
# Random networks on disco and on ONNX Runtime: see README.md beside this file.
# Usage: tests/differential/run.sh [--answers PROGRAM] [--seeds A..B] [--keep FOLDER] [--json FILE]
# Exit status 77: there is no ONNX Runtime (tools/with_python.sh).
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
exec "$root/tools/with_python.sh" numpy,onnx,onnxruntime "$root/tests/differential/run.py" \
  --answers "$root/build/release/bin/differential_answers" "$@"
