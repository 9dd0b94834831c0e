#!/usr/bin/env bash
# Brings what the tests that compare disco with other programs need from PyPI into build/differential-venv.
# Usage: tools/differential_venv.sh [torch]      torch: PyTorch, too, which is large
set -euo pipefail
cd "$(dirname "$0")/.."
environment=build/differential-venv
packages=(numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0)
[ "${1:-}" = torch ] && packages+=(torch==2.13.0)
if [ ! -x "$environment/bin/python" ]; then
  tools/need_packages.sh python3-venv
  python3 -m venv "$environment"
fi
"$environment/bin/pip" install -q "${packages[@]}"
