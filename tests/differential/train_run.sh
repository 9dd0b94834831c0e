#!/usr/bin/env bash
# Random networks trained by disco-train and by PyTorch: see train_README.md beside it.
# Usage: tests/differential/train_run.sh --program DISCO-TRAIN [--seeds A..B] [--keep FOLDER]
# Exit status 77: there is no PyTorch (tools/with_python.sh).
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
exec "$root/tools/with_python.sh" numpy,onnx,torch "$root/tests/differential/train_run.py" "$@"
