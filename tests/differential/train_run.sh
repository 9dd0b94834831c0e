#!/usr/bin/env bash
# Random networks trained by disco-train and by PyTorch: see train_README.md beside it.
# Usage: tests/differential/train_run.sh --program DISCO-TRAIN [--seeds A..B] [--keep FOLDER]
# The interpreter is $DISCO_PYTHON, or one under build/ that has the packages. Exit status 77: none has.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
export PYTHONDONTWRITEBYTECODE=1
for python in "${DISCO_PYTHON:-}" "$root"/build/differential-venv/bin/python "$root"/build/torch-*/bin/python; do
  if [ -x "$python" ] && "$python" -c 'import numpy, onnx, torch' 2>/dev/null; then
    exec "$python" "$root/tests/differential/train_run.py" "$@"
  fi
done
echo "SKIPPED: no interpreter with PyTorch and onnx: python3 -m venv V; V/bin/pip install torch==2.13.0 onnx numpy; DISCO_PYTHON=V/bin/python"
exit 77
