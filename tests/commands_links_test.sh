#!/usr/bin/env bash
# What the commands say about deadlines, endpoints and keys; encrypted nodes.
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

zeros zeros.npy '1, 3, 32, 32' $((3 * 32 * 32 * 4))
# Keys are made once, for their owner alone.
expect 0 '' "$disco" keys init keys
holds 'it says which file stays here' grep -q 'authority.key' stdout
expect 0 '' "$disco" keys add keys other
expect 0 '' "$disco" keys init theirs
for key in keys/authority.key keys/node.key other/node.key; do
  holds "only the owner may read $key" [ "$(stat -c %a $key)" = 600 ]
done
expect 2 'exists already' "$disco" keys init keys
expect 2 'exists already' "$disco" keys add keys other
expect 1 'other/authority.key' "$disco" keys add other third
expect 2 '1 to 3650' "$disco" keys init third --days 0
expect 2 'disco keys init' "$disco" node --listen 127.0.0.1:0 --keys nowhere
expect 2 '--nodes' "$disco" run net.onnx --keys keys --tensor zeros.npy

# Beyond this machine only with keys, or when that is said.
for address in 0.0.0.0 '[::]'; do
  expect 2 '--insecure' "$disco" node --listen "$address:0"
done
expect 2 '--insecure' "$disco" node --listen 127.0.0.1:0 --keys keys --insecure

start_node one.log --listen 127.0.0.1:0 --keys keys
one=$endpoint
start_node two.log --listen 0.0.0.0:0 --keys other
two=$endpoint
start_node plain.log --listen 0.0.0.0:0 --insecure
plain=$endpoint
run() { # run EXIT TEXT NODES WORDS...
  expect "$1" "$2" "$disco" run net.onnx --plan plan.json --tensor zeros.npy --nodes "$3" "${@:4}"
}
run 0 '' "$one,$two" --keys keys
run 2 'another authority' "$one,$two" --keys theirs
run 1 '--keys DIR' "$one,$two"
run 2 'plain text' "$plain,$plain" --keys keys
run 0 '' "$plain,$plain"
# The first node that refuses ends the caller; here both connections lead to one.
run 1 '--keys DIR' "$one,$one"
holds 'the node says why it refused' timeout 10 bash -c \
  "until grep -q 'refused a connection from 127.0.0.1: .*plain text' one.log; do sleep 0.1; done"
finish
