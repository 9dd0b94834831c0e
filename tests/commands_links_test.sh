#!/usr/bin/env bash
# What the commands say about deadlines and endpoints before anything is sent.
# Usage: commands_links_test.sh FOLDER_OF_THE_PROGRAMS
set -uo pipefail
# shellcheck source=tests/expect.sh
source "$(dirname "$(realpath "$0")")/expect.sh"

expect 0 '' "$disco" zoo resnet8 --width 1/4 --out net.onnx
expect 0 '' "$disco" plan net.onnx --nodes 2 --sparsity 0.5 --out plan.json
for deadline in 7200s 0s 0.1ms; do
  for command in "bench net.onnx" "bench net.onnx --nodes 127.0.0.1:1" "probe --nodes 127.0.0.1:1 --out c.toml"; do
    # shellcheck disable=SC2086
    expect 2 '1 ms to 3600 s' "$disco" $command --deadline $deadline
  done
done
# 192.0.2.1 is an address for documentation that no machine has.
expect 2 'node 1 (192.0.2.1:7701) cannot reach node 0 (127.0.0.1:1)' \
  "$disco" bench net.onnx --plan plan.json --nodes 127.0.0.1:1,192.0.2.1:7701
holds 'it says what to do' grep -q -- '--listen' stderr
finish
