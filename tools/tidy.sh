#!/usr/bin/env bash
# Looks for mistakes in C++ sources with clang-tidy; .clang-tidy says which. About 10 seconds per source and core.
# Usage: tools/tidy.sh [FOLDER_OR_SOURCE...]      without any: all sources but the fuzz targets and module train (clang 19
#                                                 does not compile the headers of LibTorch 1.13 as C++20)
set -euo pipefail
cd "$(dirname "$0")/.."
tools/need_packages.sh clang-19 clang-tidy-19 libomp-19-dev jq
cmake --preset tidy >/dev/null
# What CMake compiles, of what git knows: generated sources are nobody's to mend.
sources=$(comm -12 <(jq -r '.[].file' build/tidy/compile_commands.json | sed "s|^$PWD/||" | sort -u) \
  <(git ls-files -- "${@:-*.cc}" | sort))
[ -n "$sources" ] || { echo "tools/tidy.sh: no source of ${*:-the project} is compiled" >&2; exit 2; }
echo "$sources" | xargs -P "${JOBS:-$(nproc)}" -n 1 clang-tidy-19 -p build/tidy --quiet 2> >(grep -v 'warnings generated' >&2)
echo "$(wc -l <<<"$sources") sources, nothing found"
