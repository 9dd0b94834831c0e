#!/usr/bin/env bash
# Runs a Python script that compares disco with another program, with the interpreter that has what it imports:
# $DISCO_PYTHON, or that of tools/differential_venv.sh.
# Usage: tools/with_python.sh MODULE,... SCRIPT [ARGUMENT...]      Exit status 77: it lacks one of the modules
set -euo pipefail
python=${DISCO_PYTHON:-$(cd "$(dirname "$0")/.." && pwd)/build/differential-venv/bin/python}
if ! "$python" -c "import $1" 2>/dev/null; then
  echo "SKIPPED: $python lacks one of $1; run tools/differential_venv.sh (torch, for PyTorch), or set DISCO_PYTHON"
  exit 77
fi
export PYTHONDONTWRITEBYTECODE=1
exec "$python" "${@:2}"
