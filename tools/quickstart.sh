#!/usr/bin/env bash
# From nothing to one network on two nodes: train, sparsify beside the controls, cut, run over TCP, compare.
# Usage: tools/quickstart.sh FOLDER_OF_THE_PROGRAMS      (make quickstart calls it)
set -euo pipefail
cd "$(dirname "$0")/.."
disco=$1/disco
out=quickstart
recipe=recipes/quickstart.toml
nodes=2
sparsity=0.9
methods="dense random branches disco"
mkdir -p "$out"
start=$SECONDS

say() { printf '\n\033[1m%s\033[0m\n' "$*" >&2; }

# After an interruption a command goes on where it was.
resume() { [ -f "$1.checkpoint" ] && echo --resume || true; }

say "1/4  Train a small ResNet on pictures drawn by the program"
"$disco" train "$recipe" --out "$out/trained.onnx" $(resume "$out/trained.onnx") --json >"$out/trained.json"

for method in $methods; do
  say "2/4  Prepare it for $nodes nodes: method $method"
  "$disco" sparsify "$out/trained.onnx" --recipe "$recipe" --method "$method" --nodes $nodes --sparsity $sparsity \
    --out "$out/$method.onnx" --plan "$out/$method.plan.json" $(resume "$out/$method.onnx") --json >"$out/$method.json"
done

say "3/4  Cut the network into one shard per node"
"$disco" cut "$out/disco.onnx" --plan "$out/disco.plan.json" --out "$out/shards"

say "4/4  Start $nodes nodes and evaluate through them over TCP"
node_pids=()
trap 'kill "${node_pids[@]}" 2>/dev/null || true' EXIT
endpoints=
for i in $(seq $nodes); do
  "$disco" node --listen 127.0.0.1:0 2>"$out/node-$((i - 1)).log" &
  node_pids+=($!)
  for _ in $(seq 100); do
    endpoint=$(sed -n 's/.*listening on \([^;]*\);.*/\1/p' "$out/node-$((i - 1)).log")
    [ -n "$endpoint" ] && break
    sleep 0.05
  done
  [ -n "$endpoint" ] || { echo "a node did not start: see $out/node-$((i - 1)).log" >&2; exit 1; }
  endpoints=$endpoints${endpoints:+,}$endpoint
done

data=$(sed -n 's/^data *= *"\(.*\)".*/\1/p' "$recipe")
"$disco" eval "$out/trained.onnx" --data "$data" --json >"$out/one-node.eval.json" 2>"$out/one-node.log" ||
  { cat "$out/one-node.log" >&2; exit 1; }
for method in $methods; do
  echo "method $method, nodes $endpoints" >&2
  "$disco" eval "$out/$method.onnx" --plan "$out/$method.plan.json" --nodes "$endpoints" --data "$data" --json \
    >"$out/$method.eval.json"
done

row() { # name, file
  jq -r --arg name "$1" '
    def kb: . / 1000 | floor | tostring + " kB";
    def planned: [.nodes[].bytes_planned] | add;
    def sent: [.nodes[].bytes_sent] | add;
    [$name, (.value * 100 | tostring), (planned | tostring), (sent | tostring),
     (if planned == sent then "yes" else "NO" end), ([.nodes[].weight_bytes] | max | kb),
     (.batch_ms_median * 100 | round / 100 | tostring) + " ms"] | @tsv' "$2"
}

{
  printf 'method\taccuracy\tbytes planned\tbytes sent\tequal\tweights per node\tlatency\n'
  row "one node, as trained" "$out/one-node.eval.json"
  row "dense, 2 nodes" "$out/dense.eval.json"
  row "random, S = 90 %" "$out/random.eval.json"
  row "branches, S = 100 %" "$out/branches.eval.json"
  row "DISCO, S = 90 %" "$out/disco.eval.json"
} >"$out/table.tsv"

say "Two nodes, one network: bytes are foreign features per image, over TCP on this machine"
awk -F'\t' '{printf "%-22s %10s %14s %11s %6s %17s %10s\n", $1, NR == 1 ? $2 : sprintf("%.1f %%", $2), $3, $4, $5, $6, $7}' "$out/table.tsv"

cat <<TEXT

Done in $((SECONDS - start)) s. Every file is in $out/: networks (.onnx, open in Netron), plans (.plan.json), shards/, logs.
All methods got the same extra training. These nodes talk over this machine's own loopback; on a real link what counts is
bytes and messages. Ask before you build:

  $disco zoo resnet50 --out r50.onnx
  $disco plan r50.onnx --nodes 2 --sparsity 0.95 --out r50.plan.json
  $disco estimate r50.onnx --plan r50.plan.json --link 37.5MB/s --compute 125GMAC/s

On your own pictures (FOLDER/train/<class>/*.jpg and FOLDER/val/<class>/*.jpg) and your own machines:

  $disco train --network resnet20 --data FOLDER --out mine.onnx
  $disco sparsify mine.onnx --data FOLDER --nodes 2 --sparsity 0.9 --method disco --out sparse.onnx --plan sparse.plan.json
  $disco keys init keys                      # copy the folder to each machine, without authority.key
  disco node --listen 0.0.0.0:7701 --keys keys          # on each machine
  $disco eval sparse.onnx --plan sparse.plan.json --nodes machine-a:7701,machine-b:7701 --keys keys --data FOLDER
TEXT
