#!/usr/bin/env bash
# Installs a build into a folder of its own, and builds and runs the program of this folder against it, as another
# project would.
# Usage: tests/install/run.sh BUILD_FOLDER      Exit status 77: the libraries of this build need flags of their own
set -euo pipefail
here=$(dirname "$(realpath "$0")")
build=$(realpath "$1")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# cached NAME: a variable of the build.
cached() { sed -n "s/^$1:[A-Z]*=//p" "$build/CMakeCache.txt"; }
if [ -n "$(cached DISCO_SANITIZE)$(cached CMAKE_TOOLCHAIN_FILE)" ] || grep -q -- --coverage "$build/CMakeCache.txt"; then
  echo "SKIPPED: a program without sanitizer, coverage or cross compiler cannot use the libraries of $build"
  exit 77
fi
fail() {
  echo "FAILED: $*" >&2
  exit 1
}

cmake --install "$build" --prefix prefix >install.log || { cat install.log >&2; fail "cmake --install"; }
grep -rhoE '#include "disco/[^"]+' prefix/include | sed 's/.*"//' | sort -u >included
while read -r header; do
  [ -f "prefix/include/$header" ] || fail "an installed header includes $header, which is not installed"
done <included
[ -s included ] || fail "no header is installed"

# build_project SOURCES BUILD: against the installed package.
build_project() {
  {
    cmake -S "$1" -B "$2" -G Ninja -DCMAKE_PREFIX_PATH="$PWD/prefix;$(cached CMAKE_PREFIX_PATH)" \
      -DCMAKE_CXX_COMPILER="$(cached CMAKE_CXX_COMPILER)" && cmake --build "$2"
  } >"$2.log" 2>&1 || { cat "$2.log" >&2; fail "$1 does not build against the installed package"; }
}
build_project "$here" build
if [ "$(cached DISCO_TRAIN)" = ON ]; then
  build_project "$here/train" train
  train/no_recipe
fi

# The class that this build's own program finds for the same image, of 0.5.
prefix/bin/disco zoo resnet8 --image 3x16x16 --seed 3 --out net.onnx >/dev/null
{
  printf '\x93NUMPY\x01\x00\x76\x00%-117s\n' "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3, 16, 16), }"
  for ((i = 0; i < 768; ++i)); do printf '\x00\x00\x00\x3f'; done
} >image.npy
class=$(prefix/bin/disco run net.onnx --tensor image.npy --json | jq '.top[0].class')
build/local_session net.onnx >answer
read -r _ got _ _ _ _ difference <answer
[ "$got" = "$class," ] || fail "class $class expected: $(cat answer)"
awk "BEGIN {exit !($difference < 1e-4)}" || fail "three nodes differ from one: $(cat answer)"
cat answer

# docs/library.md shows both files as they are.
shown() { awk -v fence="\`\`\`$1" '/^```$/ {inside = 0} inside {print} $0 == fence {inside = 1}' "$here/../../docs/library.md"; }
diff <(shown cmake) "$here/CMakeLists.txt" || fail "docs/library.md shows another CMakeLists.txt"
diff <(shown cpp) "$here/local_session.cc" || fail "docs/library.md shows another local_session.cc"
