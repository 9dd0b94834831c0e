#!/usr/bin/env bash
# Random networks on disco and on ONNX Runtime: see README.md beside this file.
# Usage: tests/differential/run.sh [--answers PROGRAM] [--seeds A..B] [--keep FOLDER] [--json FILE]
# The interpreter is $DISCO_PYTHON, or that of tools/differential_venv.sh. Exit status 77: it has no ONNX Runtime.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
python=${DISCO_PYTHON:-$root/build/differential-venv/bin/python}
if ! "$python" -c 'import numpy, onnx, onnxruntime' 2>/dev/null; then
  echo "SKIPPED: $python has no ONNX Runtime; run tools/differential_venv.sh, or set DISCO_PYTHON"
  exit 77
fi
export PYTHONDONTWRITEBYTECODE=1
exec "$python" "$root/tests/differential/run.py" --answers "$root/build/release/bin/differential_answers" "$@"
