#!/usr/bin/env bash
# Sessions of two nodes of which some are emulated, held against the reference kernels of this machine.
# Usage: tools/arm64_sessions.sh NATIVE_DISCO EMULATED_DISCO FOLDER_FOR_RESULTS
set -euo pipefail
native=$1
emulated=$2
results=$3
tolerance=1e-4 # of the largest output

# A .npy of 1x3x64x64 floats from 0.5 to 2.
write_input() {
  printf '\x93NUMPY\x01\x00\x76\x00%-117s\n' "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3, 64, 64), }"
  # shellcheck disable=SC2059  # the format is the data
  printf "$(awk 'BEGIN {
    srand(1)
    for (i = 0; i < 3 * 64 * 64; ++i) printf "\\x%02x\\x%02x\\x%02x\\x3f", 256 * rand(), 256 * rand(), 256 * rand()
  }')"
}

# start_node LOG COMMAND...: a node in the background; its process is added to `nodes`.
start_node() {
  "${@:2}" node --listen 127.0.0.1:0 2>"$1" &
  nodes+=($!)
}

# endpoint_of LOG: where the node listens, once it does.
endpoint_of() {
  local endpoint
  for _ in $(seq 200); do
    endpoint=$(sed -n 's/.*listening on \([^;]*\);.*/\1/p' "$1")
    if [ -n "$endpoint" ]; then
      echo "$endpoint"
      return
    fi
    sleep 0.05
  done
  echo "a node did not start: see $1" >&2
  return 1
}

# elements FILE: of a .npy, whose header ends with a line; one a line.
elements() { tail -n +2 "$1" | od -An -v -tf4 -w4; }

# difference FILE FILE: the largest one, as a part of the largest element of the second file; "none" where it is none.
difference() {
  paste <(elements "$1") <(elements "$2") | awk '
    function size(x) {return x < 0 ? -x : x}
    NF != 2 || $1 ~ /[a-z]n/ || $2 ~ /[a-z]n/ {bad = 1}
    size($1 - $2) > most {most = size($1 - $2)}
    size($2) > largest {largest = size($2)}
    END {if (bad || !largest) print "none"; else printf "%.2g\n", most / largest}'
}

# ask NAME CALLER: what the two nodes of `nodes` answer to CALLER, in FOLDER/NAME.
ask() {
  local first second
  first=$(endpoint_of "$results/$1-0.log") || return
  second=$(endpoint_of "$results/$1-1.log") || return
  # shellcheck disable=SC2086  # a command of several words
  $2 run "$results/net.onnx" --plan "$results/plan.json" --nodes "$first,$second" --deadline 60s \
    --tensor "$results/input.npy" --out-dir "$results/$1" >"$results/$1.log" 2>&1
}

# session NAME CALLER NODE NODE: each of the last three is a command.
session() {
  local found=none
  nodes=()
  # shellcheck disable=SC2086  # commands of several words
  {
    start_node "$results/$1-0.log" $3
    start_node "$results/$1-1.log" $4
  }
  if ask "$1" "$2"; then
    found=$(difference "$results/$1/logits.npy" "$results/reference/logits.npy")
  elif [ -f "$results/$1.log" ]; then
    tail -3 "$results/$1.log" >&2
  fi
  kill "${nodes[@]}" 2>/dev/null || true
  wait "${nodes[@]}" || true
  echo "session $1: difference from the reference kernels $found"
  awk -v found="$found" -v tolerance="$tolerance" 'BEGIN {exit !(found != "none" && found + 0 <= tolerance + 0)}'
}

nodes=()
trap 'kill "${nodes[@]}" 2>/dev/null || true' EXIT
"$native" zoo resnet50 --width 1/8 --classes 10 --image 3x64x64 --seed 3 --out "$results/net.onnx" >/dev/null
"$native" plan "$results/net.onnx" --nodes 2 --sparsity 0 --out "$results/plan.json" >/dev/null
write_input >"$results/input.npy"
"$native" run "$results/net.onnx" --kernel reference --tensor "$results/input.npy" --out-dir "$results/reference" >/dev/null
right=0
if session emulated "$emulated" "$emulated" "$emulated"; then right=$((right + 1)); fi
if session native-first "$native" "$native" "$emulated"; then right=$((right + 1)); fi
if session emulated-first "$emulated" "$emulated" "$native"; then right=$((right + 1)); fi
echo "$right of 3 right" | tee "$results/sessions"
[ $right = 3 ]
