#!/usr/bin/env bash
# Accuracy against communication on CIFAR-10: DISCO beside its controls, every method with the same epochs and schedule.
# Usage: bench/cifar10.sh DATA OUT [SEEDS] [NODES]     e.g. bench/cifar10.sh /data/cifar10-images results-cifar10 "0 1 2" "2 4"
# FLAGS, in the environment, goes to every training command: FLAGS="--bf16 --threads 1".
#
# DATA holds train/<class>/ and test/<class>/. One JSON object per run is appended to OUT/runs.jsonl; a run that stands there is
# not repeated, so the script can be stopped and started again. The table is written by bench/cifar10_table.sh OUT.
set -euo pipefail
data=$1 out=$2 seeds=${3:-"0 1 2"} node_counts=${4-"2 4"}
root=$(cd "$(dirname "$0")/.." && pwd)
disco=$root/build/release/bin/disco
recipe=$root/recipes/resnet8-cifar10.toml
mkdir -p "$out"
runs=$out/runs.jsonl
touch "$runs"
read -r -a flags <<<"${FLAGS:-}"

stages="layer2 layer3 fc"     # dense before, split from here on
aggregates="layer1 layer2 layer3"  # split up to here, dense after

done_already() { grep -q "\"key\":\"$1\"" "$runs"; }

# After an interruption a command goes on where it was.
resume() { [ -f "$1.checkpoint" ] && echo --resume || true; }

run() { # key, nodes, method, sparsity, seed
  done_already "$1" && return
  local file=$out/$1
  "$disco" sparsify "$out/dense-$5.onnx" --recipe "$recipe" --data "$data" --nodes "$2" --method "$3" --sparsity "$4" --seed "$5" "${flags[@]}" $(resume "$file.onnx") \
    --out "$file.onnx" --plan "$file.plan.json" --json 2>>"$out/log" |
    jq -c --arg key "$1" --arg method "$3" --argjson nodes "$2" --argjson sparsity "$4" --argjson seed "$5" \
      '. + {key: $key, method: $method, nodes: $nodes, sparsity: $sparsity, seed: $seed}' >"$file.json"
  "$disco" estimate "$file.onnx" --plan "$file.plan.json" --link 1MB/s --compute 1GMAC/s --json |
    jq -c '{sent}' | jq -c -s '(.[0] | del(.files)) + .[1]' "$file.json" - >>"$runs"
  rm -f "$file.onnx"
}

for seed in $seeds; do
  if [ ! -f "$out/dense-$seed.onnx" ]; then
    "$disco" train "$recipe" --data "$data" --seed "$seed" --out "$out/dense-$seed.onnx" "${flags[@]}" \
      $(resume "$out/dense-$seed.onnx") --json 2>>"$out/log" |
      jq -c --argjson seed "$seed" 'del(.files) + {key: "trained-\($seed)", method: "as trained", nodes: 1, sparsity: 0, seed: $seed}' >>"$runs"
  fi
  run "dense-control-$seed" 2 dense 0 "$seed"
  for nodes in $node_counts; do
    for sparsity in 0.9 0.99 0.95 0.8; do
      run "disco-$nodes-$sparsity-$seed" "$nodes" disco "$sparsity" "$seed"
    done
    run "branches-$nodes-$seed" "$nodes" branches 1 "$seed"
    for stage in $stages; do run "dts-$nodes-$stage-$seed" "$nodes" "dense-then-split=$stage" 1 "$seed"; done
    for stage in $aggregates; do run "sta-$nodes-$stage-$seed" "$nodes" "split-then-aggregate=$stage" 1 "$seed"; done
    for sparsity in 0.99 0.95 0.9 0.8; do
      run "random-$nodes-$sparsity-$seed" "$nodes" random "$sparsity" "$seed"
    done
  done
done
"$root/bench/cifar10_table.sh" "$out"
