#!/usr/bin/env bash
# Random networks trained by disco-train and by PyTorch: see train_README.md beside it.
# Usage: tests/differential/train_run.sh --program DISCO-TRAIN [--seeds A..B] [--keep FOLDER]
# The interpreter is $DISCO_PYTHON, or that of tools/differential_venv.sh. Exit status 77: none has.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
export PYTHONDONTWRITEBYTECODE=1
for python in "${DISCO_PYTHON:-}" "$root"/build/differential-venv/bin/python; do
  if [ -x "$python" ] && "$python" -c 'import numpy, onnx, torch' 2>/dev/null; then
    exec "$python" "$root/tests/differential/train_run.py" "$@"
  fi
done
echo "SKIPPED: no interpreter with PyTorch and onnx; run tools/differential_venv.sh torch, or set DISCO_PYTHON"
exit 77
