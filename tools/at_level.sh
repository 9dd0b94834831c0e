#!/usr/bin/env bash
# Runs a command as on a processor with fewer instructions: oneDNN, LibTorch and OpenBLAS are told to use no others.
# Usage: tools/at_level.sh SSE41|AVX|AVX2|AVX512|own COMMAND...
# Exit status 77: this processor has no such instructions. "own" changes nothing.
set -euo pipefail
level=${1:-}
shift || true
case $level in
  SSE41) onednn=SSE41 aten=default openblas=Nehalem flag=sse4_1 ;;
  AVX) onednn=AVX aten=default openblas=Sandybridge flag=avx ;;
  AVX2) onednn=AVX2 aten=avx2 openblas=Haswell flag=avx2 ;;
  AVX512) onednn=AVX512_CORE aten=avx512 openblas=SkylakeX flag=avx512dq ;;
  own) exec "$@" ;;
  *) echo "usage: tools/at_level.sh SSE41|AVX|AVX2|AVX512|own COMMAND..." >&2; exit 2 ;;
esac
if ! grep -qsw "$flag" /proc/cpuinfo; then
  echo "SKIPPED: this processor has no $flag"
  exit 77
fi
# oneDNN 3 reads ONEDNN_..., and the older name after it.
export DNNL_MAX_CPU_ISA=$onednn ONEDNN_MAX_CPU_ISA=$onednn ATEN_CPU_CAPABILITY=$aten OPENBLAS_CORETYPE=$openblas
exec "$@"
