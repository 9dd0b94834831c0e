#!/usr/bin/env bash
# The table of bench/cifar10.sh: mean and spread of top-1 over seeds, bytes sent per image.
# Usage: bench/cifar10_table.sh OUT
set -euo pipefail
jq -r -s '
  def mean: add / length;
  def percent: . * 1000 | round / 10;
  "| nodes | method | S | bytes per image | right after pruning | top-1 % (mean) | lowest to highest | seeds |", "|--:|---|--:|--:|--:|--:|--:|--:|",
  (group_by([.nodes, .method, .sparsity]) | sort_by(.[0].nodes, .[0].method, .[0].sparsity) | .[] |
    "| \(.[0].nodes) | \(.[0].method) | \(.[0].sparsity) | \(.[0].sent.bytes_total // 0) | \((map(.rounds[-1]?.accuracy_after_pruning // .accuracy) | mean | percent)) | \(map(.accuracy) | mean | percent) | \(map(.accuracy) | min | percent) to \(map(.accuracy) | max | percent) | \(length) |")
' "$1/runs.jsonl"
