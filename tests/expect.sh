# shellcheck shell=bash
# What the tests of the command line have in common; sourced with the folder of the programs as $1. They run in a folder
# of their own and end with: finish
disco=$(realpath "$1")/disco
folder=$(mktemp -d)
# shellcheck disable=SC2046
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$folder"' EXIT
cd "$folder" || exit 1
failures=0

# expect CODE TEXT_ON_STDERR COMMAND...: the exit code, and a word of what to do where it failed.
expect() {
  local code=$1 text=$2
  shift 2
  "$@" >stdout 2>stderr
  local got=$?
  if [ $got != "$code" ] || { [ -n "$text" ] && ! grep -q -- "$text" stderr; }; then
    echo "FAILED: $* -> exit $got (expected $code), stderr: $(head -c 500 stderr)"
    failures=$((failures + 1))
  fi
}
# json FILTER COMMAND...: the command succeeds, prints nothing but JSON, and FILTER is true of it.
json() {
  local filter=$1
  shift
  if ! "$@" 2>stderr | jq -e "$filter" >/dev/null; then
    echo "FAILED: $* | jq $filter; stderr: $(head -c 500 stderr)"
    failures=$((failures + 1))
  fi
}

# holds CLAIM COMMAND...: the command, which looks at what another left, succeeds.
holds() {
  local claim=$1
  shift
  if ! "$@" >/dev/null; then
    echo "FAILED: $claim; stdout of the command before: $(head -c 500 stdout)"
    failures=$((failures + 1))
  fi
}
lacks() { ! grep -q -- "$@"; }

# zeros FILE SHAPE BYTES: a .npy of float32 zeros, written by hand.
zeros() {
  printf '\x93NUMPY\x01\x00\x76\x00%-117s\n' "{'descr': '<f4', 'fortran_order': False, 'shape': ($2), }" >"$1"
  head -c "$3" /dev/zero >>"$1"
}

# start_node LOG OPTION...: a node in the background, until the test ends; sets $endpoint when it listens.
start_node() {
  local log=$1
  shift
  "$disco" node "$@" 2>"$log" &
  for _ in $(seq 100); do
    endpoint=$(sed -n 's/.*listening on \([^;]*\);.*/\1/p' "$log" 2>/dev/null)
    [ -n "$endpoint" ] && break
    sleep 0.05
  done
}

finish() {
  echo "$failures failures"
  [ $failures = 0 ]
}
