#!/usr/bin/env bash
# Compiles disco-train against the newest LibTorch, that of PyPI (tools/differential_venv.sh), and runs its tests: that "any
# newer LibTorch" works is checked, not hoped.
# Usage: tools/newest_torch.sh
set -euo pipefail
cd "$(dirname "$0")/.."
environment=build/differential-venv
tools/differential_venv.sh torch
cuda=$("$environment/bin/python" -c 'import torch; print(torch.version.cuda or "")' 2>/dev/null)
if [ -n "$cuda" ]; then
  echo "SKIPPED: pip brought a LibTorch for CUDA $cuda, which wants the CUDA toolkit; put one for processors into $environment"
  exit
fi
prefix=$("$environment/bin/python" -c 'import torch; print(torch.utils.cmake_prefix_path)')
launcher=$(command -v ccache >/dev/null && echo -DCMAKE_CXX_COMPILER_LAUNCHER=ccache || true)
# As in a release, so that the rooms under train come from the compiler cache; nobody runs this disco-train for long.
cmake -S . -B build/newest-torch -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_UNITY_BUILD=ON -DCMAKE_PREFIX_PATH="$prefix" -DDISCO_TRAIN_OPTIMIZE=-O0 \
  $launcher >/dev/null
cmake --build build/newest-torch --target disco-train train_test -- --quiet
build/newest-torch/bin/train_test --gtest_brief=1
