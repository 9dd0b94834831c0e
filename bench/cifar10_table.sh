#!/usr/bin/env bash
# The table of bench/cifar10.sh from its runs.jsonl: top-1 over seeds beside the bytes that travel per image.
# Usage: bench/cifar10_table.sh OUT
set -euo pipefail
jq -r -s '
  def mean: add / length;
  def percent: . * 1000 | round / 10 | tostring | if test("\\.") then . else . + ".0" end;
  def spread: "\(min | percent) to \(max | percent)";
  def place: {"as trained": 0, dense: 1, disco: 2, random: 3, branches: 4}[.] // (if startswith("dense") then 5 else 6 end);
  # Stored results of before tasks had metrics call the value accuracy.
  def value: .value // .accuracy;
  def shot: .value_after_recalibration // .accuracy_after_recalibration // value;
  def row: "| \(.[0].nodes) | \(.[0].method) | \(.[0].sparsity | percent) | \((.[0].sent.s_comm // 0) | percent) | \(.[0].sent.bytes_total // 0) | \(map(shot) | mean | percent) | \(map(value) | mean | percent) | \(map(value) | spread) | \(length) |";
  "| nodes | method | S % | S of bytes % | bytes per image | top-1 % before fine-tuning | top-1 % | lowest to highest | seeds |",
  "|--:|---|--:|--:|--:|--:|--:|--:|--:|",
  (unique_by(.key) | group_by([.nodes, .method, .sparsity]) | sort_by(.[0].nodes, (.[0].method | place), -.[0].sparsity, .[0].method) | .[] | row)
' "$1/runs.jsonl"
