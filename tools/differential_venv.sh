#!/usr/bin/env bash
# Brings what tests/differential needs from PyPI into build/differential-venv.
set -euo pipefail
cd "$(dirname "$0")/.."
environment=build/differential-venv
if [ ! -x "$environment/bin/python" ]; then
  tools/need_packages.sh python3-venv
  python3 -m venv "$environment"
fi
"$environment/bin/pip" install -q numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0
