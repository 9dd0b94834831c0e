#!/usr/bin/env bash
# The command line's contract: exit codes, where words go, the keys of --json.
# Usage: commands_test.sh FOLDER_OF_THE_PROGRAMS
set -uo pipefail
disco=$(realpath "$1")/disco
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
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

expect 0 '' "$disco" zoo resnet50 --width 1/8 --classes 10 --image 3x64x64 --seed 3 --out net.onnx
json '(.parameters | type) == "number" and (.macs | type) == "number" and .ops > 100' "$disco" describe net.onnx --json
expect 0 '' "$disco" plan net.onnx --nodes 3 --sparsity 0.8 --shares 40,35,25 --out plan.json
json '.nodes == 3 and .sent.bytes_total > 0' "$disco" plan net.onnx --nodes 3 --sparsity 0.8 --out plan.json --json
json '[.serial_ms, .overlap_ms, .single_node_ms, .dense_serial_ms, .s_comm, .s_comp, .paper.serial_ms, .sent.bytes_one_way] | all(type == "number")' \
  "$disco" estimate net.onnx --plan plan.json --link 37.5MB/s --compute 125GMAC/s --message-latency 0.1ms --json
expect 0 '' "$disco" cut net.onnx --plan plan.json --out shards
[ "$(find shards -name 'node-*.onnx' | wc -l)" = 3 ] || { echo "FAILED: cut made other files"; failures=$((failures + 1)); }
json '.nodes | length == 3 and all(.[]; .bytes_planned == .bytes_sent)' \
  "$disco" eval net.onnx --plan plan.json --local --data synthetic:train=10,val=5,size=64 --json
json '.metric == "top1" and .images == 5' "$disco" eval net.onnx --data synthetic:train=10,val=5,size=64 --batch 2 --json

# A raw input, written by hand: a .npy of zeros.
printf '\x93NUMPY\x01\x00\x76\x00%-117s\n' "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3, 64, 64), }" >zeros.npy
head -c $((3 * 64 * 64 * 4)) /dev/zero >>zeros.npy
json '.top | length == 5' "$disco" run net.onnx --tensor zeros.npy --out-dir answers --json
[ -s answers/logits.npy ] || { echo "FAILED: run wrote no output"; failures=$((failures + 1)); }
json '.nodes | length == 3' "$disco" run net.onnx --plan plan.json --local --tensor zeros.npy --json

# Wrong usage is 2, and says what to do.
expect 2 'run with --help\|required' "$disco"
expect 2 'zoo' "$disco" zoo resnet51 --out x.onnx
expect 2 '3x224x224' "$disco" zoo resnet50 --image nonsense --out x.onnx
expect 2 '37.5MB/s' "$disco" estimate net.onnx --plan plan.json --link fast --compute 125GMAC/s
expect 2 '--nodes' "$disco" plan net.onnx --nodes 0 --out x.json
expect 2 'shares' "$disco" plan net.onnx --nodes 2 --shares 1,2,3 --out x.json
expect 2 'dense-then-split' "$disco" plan net.onnx --nodes 2 --method magic --out x.json
expect 2 'starts with' "$disco" plan net.onnx --nodes 2 --method dense-then-split=nowhere --out x.json
expect 2 '--local or --nodes' "$disco" run net.onnx --plan plan.json --tensor zeros.npy
expect 2 'either --input' "$disco" run net.onnx
expect 2 '127.0.0.1' "$disco" node --listen nonsense

# What the world does wrong is 1, and names the file, op or node.
expect 1 'missing.onnx' "$disco" describe missing.onnx
echo 'not a network' >junk.onnx
expect 1 'junk.onnx' "$disco" describe junk.onnx
echo '{}' >junk.json
expect 1 'junk.json' "$disco" estimate net.onnx --plan junk.json --link 1MB/s --compute 1GMAC/s
expect 0 '' "$disco" zoo resnet20 --out other.onnx
expect 1 "op '" "$disco" estimate other.onnx --plan plan.json --link 1MB/s --compute 1GMAC/s
expect 1 'nowhere' "$disco" eval net.onnx --data nowhere
expect 1 'disco node --listen' "$disco" run net.onnx --plan plan.json --nodes 127.0.0.1:1,127.0.0.1:2,127.0.0.1:3 --tensor zeros.npy

echo "$failures failures"
[ $failures = 0 ]
