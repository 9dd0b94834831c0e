#!/usr/bin/env bash
# The command line's contract: exit codes, where words go, the keys of --json.
# Usage: commands_test.sh FOLDER_OF_THE_PROGRAMS
set -uo pipefail
# shellcheck source=tests/expect.sh
source "$(dirname "$(realpath "$0")")/expect.sh"

expect 0 '' "$disco" zoo resnet50 --width 1/8 --classes 10 --image 3x64x64 --seed 3 --out net.onnx
json '(.parameters | type) == "number" and (.macs | type) == "number" and .ops > 100' "$disco" describe net.onnx --json
expect 0 '' "$disco" plan net.onnx --nodes 3 --sparsity 0.8 --shares 40,35,25 --out plan.json
json '.nodes == 3 and .sent.bytes_total > 0' "$disco" plan net.onnx --nodes 3 --sparsity 0.8 --out plan.json --json
json '[.serial_ms, .overlap_ms, .single_node_ms, .dense_serial_ms, .s_comm, .s_comp, .paper.serial_ms, .sent.bytes_one_way] | all(type == "number")' \
  "$disco" estimate net.onnx --plan plan.json --link 37.5MB/s --compute 125GMAC/s --message-latency 0.1ms --json
expect 0 '' "$disco" cut net.onnx --plan plan.json --out shards
holds 'cut makes one shard per node' [ "$(find shards -name 'node-*.onnx' | wc -l)" = 3 ]
json '[.nodes[] | .weight_bytes, .ops, .bytes_planned, .bytes_planned_received] | length == 12 and all(. > 0)' \
  "$disco" cut net.onnx --plan plan.json --out shards --json
json '[.nodes[].file] == ["shards/node-0.onnx", "shards/node-1.onnx", "shards/node-2.onnx"]' \
  "$disco" cut net.onnx --plan plan.json --out shards --json
json '.name and .ops > 0 and (has("replicated_when_split") | not)' "$disco" describe shards/node-0.onnx --json
json 'has("replicated_when_split") and (has("every_op") | not)' "$disco" describe net.onnx --json
json '.ops == (.every_op | length) and .macs == ([.every_op[].macs] | add) and .every_op[0].inputs[0] == "input"' \
  "$disco" describe net.onnx --ops --json
json '.file == "four.onnx" and .parameters > 0 and .macs > 0 and .inputs[0].shape == [1, 4, 32, 32]' \
  "$disco" zoo resnet8 --image 4x32x32 --out four.onnx --json
json '.nodes | length == 3 and all(.[]; .bytes_planned == .bytes_sent)' \
  "$disco" eval net.onnx --plan plan.json --local --data synthetic:train=10,val=5,size=64 --json
json '.metric == "accuracy" and .higher_is_better and .images == 5 and (.value | type) == "number"' "$disco" eval net.onnx --data synthetic:train=10,val=5,size=64 --batch 2 --json

zeros zeros.npy '1, 3, 64, 64' $((3 * 64 * 64 * 4))
json '.top | length == 5' "$disco" run net.onnx --tensor zeros.npy --out-dir answers --json
holds 'run writes its output' [ -s answers/logits.npy ]
json '.nodes | length == 3' "$disco" run net.onnx --plan plan.json --local --tensor zeros.npy --json

# Links shaped and nodes throttled: slower, and the same bytes.
shape=20MB/s,latency=0.2ms,jitter=0.1ms,loss=0.5%,retry=1ms,seed=7
json '.nodes | length == 3 and all(.[]; .bytes_planned == .bytes_sent)' \
  "$disco" run net.onnx --plan plan.json --local --shape "$shape" --throttle 1,0.5,0.9 --tensor zeros.npy --json
json ".shape == \"$shape\" and (.nodes | all(.[]; .bytes_planned == .bytes_sent))" \
  "$disco" bench net.onnx --plan plan.json --local --shape "$shape" --iterations 2 --warmup 1 --json
json '.images == 5' "$disco" eval net.onnx --plan plan.json --local --shape latency=0.1ms --data synthetic:train=10,val=5,size=64 --json
json '.nodes | length == 1' "$disco" run net.onnx --throttle 0.5 --tensor zeros.npy --json

# Figures that are not finite are strings in JSON; what is not UTF-8 is replaced.
{ head -c 128 zeros.npy; head -c $((3 * 64 * 64 * 4)) /dev/zero | tr '\0' '\377'; } >nan.npy
json '[.top[].score] == ["nan", "nan", "nan", "nan", "nan"]' "$disco" run net.onnx --kernel reference --tensor nan.npy --json
json '.sent.serial_ms == "inf" and .layers[0].macs > 0 and ([.. | nulls] | length == 0)' \
  "$disco" estimate net.onnx --plan plan.json --link 1e-308B/s --compute 125GMAC/s --json
json '.files[0] | startswith("caf") and endswith("/logits.npy")' \
  "$disco" run net.onnx --tensor zeros.npy --out-dir $'caf\xe9' --json

# What a plan is worth, by formula: nothing is said of a plan for one node.
verdict() {
  expect 0 '' "$disco" estimate net.onnx --plan plan.json --link "$1" --compute 125GMAC/s
  holds "at $1: $2" grep -q "$2" stdout
}
verdict 1MB/s 'One node alone is faster'
verdict 1700MB/s 'only if communication overlaps'
verdict 100GB/s 'faster than one node on this link'
expect 0 '' "$disco" plan net.onnx --nodes 1 --out one.json
expect 0 '' "$disco" estimate net.onnx --plan one.json --link 1MB/s --compute 125GMAC/s
holds 'one node is not compared with itself' lacks 'than one node\|as one node\|One node alone' stdout

# A plan played on a cluster, from two figures or from a file.
json '.total_ms > 0 and .one_node_ms > 0 and .speedup > 0 and (.nodes | length) == 3 and (.links | length) == 6' \
  "$disco" simulate net.onnx --plan plan.json --link 37.5MB/s --compute 125GMAC/s --json
json '.nodes[0] | [.compute_ms, .wait_ms, .bytes_sent, .memory_needed] | all(. > 0)' \
  "$disco" simulate net.onnx --plan plan.json --link 37.5MB/s --compute 125GMAC/s --json
json '.critical_path[0].start_ms == 0 and .critical_path[-1].end_ms == .total_ms and .slowest_link.bytes > 0' \
  "$disco" simulate net.onnx --plan plan.json --link 37.5MB/s --compute 125GMAC/s --message-latency 0.1ms --json
json '.total_ms == .one_node_ms and (has("slowest_link") | not)' \
  "$disco" simulate net.onnx --plan one.json --link 1MB/s --compute 125GMAC/s --json
expect 0 '' "$disco" simulate net.onnx --plan plan.json --link 37.5MB/s --compute 125GMAC/s --trace trace.json
holds 'simulate draws a row per node' [ "$(grep -c '|.*[#.].*|$' stdout)" = 3 ]
holds 'the trace has events of three nodes' \
  jq -e '[.traceEvents[] | select(.ph == "X") | .pid] | unique == [1, 2, 3]' trace.json >/dev/null
kind='overhead = "5us"\nrate = "20GMAC/s"\nweight_bandwidth = "10GB/s"\nactivation_bandwidth = "8GB/s"'
pack='overhead = "8us"\nbandwidth = "4GB/s"'
{
  printf 'disco_cluster = 1\n[default_link]\nbandwidth = "37.5MB/s"\nlatency = "60us"\n'
  for name in pi-0 pi-1 pi-2 desk; do
    printf '[[node]]\nname = "%s"\nmemory = "4GB"\n' $name
    for section in point window depthwise matrix; do printf '[node.%s]\n%b\n' $section "$kind"; done
    printf '[node.move]\noverhead = "2us"\nactivation_bandwidth = "5GB/s"\n'
    printf '[node.send]\n%b\n[node.receive]\n%b\n' "$pack" "$pack"
  done
} >cluster.toml
json '[.nodes[].name] == ["pi-0", "pi-1", "pi-2"] and .nodes[0].pack_ms > 0' \
  "$disco" simulate net.onnx --plan plan.json --cluster cluster.toml --json
json '[.nodes[].name] == ["desk", "pi-2", "pi-0"]' \
  "$disco" simulate net.onnx --plan plan.json --cluster cluster.toml --nodes desk,pi-2,pi-0 --json
sed 's/rate = "20GMAC\/s"/rate = 20/' cluster.toml >wrong.toml
expect 1 'wrong.toml:10: .*rate.*write rate = "80GMAC/s"' \
  "$disco" simulate net.onnx --plan plan.json --cluster wrong.toml
expect 2 'names 2 nodes, the plan is for 3' \
  "$disco" simulate net.onnx --plan plan.json --cluster cluster.toml --nodes desk,pi-2
expect 2 'desktop.*pi-0, pi-1' "$disco" simulate net.onnx --plan plan.json --cluster cluster.toml --nodes desktop
expect 2 '--cluster cluster.toml, or both' "$disco" simulate net.onnx --plan plan.json --link 1MB/s
expect 2 'leave out --link' "$disco" simulate net.onnx --plan plan.json --cluster cluster.toml --link 1MB/s
expect 2 'plan.json' "$disco" simulate net.onnx --plan plan.json --cluster cluster.toml --trace ./plan.json
expect 2 'would destroy' "$disco" simulate net.onnx --plan plan.json --cluster cluster.toml --trace not-there/../plan.json
expect 2 'is empty' "$disco" simulate net.onnx --plan plan.json --cluster cluster.toml --trace ""
expect 2 'is empty' "$disco" bench net.onnx --nodes ""
expect 2 'only one' "$disco" bench net.onnx --shape 1MB/s
expect 2 'excludes' "$disco" plan net.onnx --keep plan.json --sparsity 0.5 --out kept.json
expect 2 'method branches.*leave it out' "$disco" plan net.onnx --nodes 2 --method branches --sparsity 0.5 --out x.json
expect 1 'nofile' "$disco" plan net.onnx --nodes 2 --call split --cluster nofile.toml --out split.json
expect 2 'requires' "$disco" plan net.onnx --nodes 2 --preprocess 3x8x8 --out split.json
expect 2 '--seed' "$disco" zoo resnet8 --seed -1 --out seed.onnx
printf 'a = %s\n' "$(printf '[%.0s' $(seq 20000))" >deep.toml
expect 1 'deep.toml.*line 1.*nested' "$disco" simulate net.onnx --plan plan.json --cluster deep.toml

# Which plan for a cluster, and whether any: it is said when one node is best.
json '.use_one_node == false and .best.nodes > 1 and .best.ms < .one_node_ms and (.candidates | length) == 12' \
  "$disco" advise net.onnx --link 100GB/s --compute 125GMAC/s --nodes-max 3 --json
json '.use_one_node and (has("best") | not) and (.bandwidths | length) == 31 and ([.. | nulls] | length == 0)' \
  "$disco" advise net.onnx --link 1kB/s --compute 125GMAC/s --nodes-max 2 --sparsities 0.9 --json
expect 0 '' "$disco" advise net.onnx --link 1kB/s --compute 125GMAC/s --nodes-max 2 --sparsities 0.9
holds 'advise says one node' grep -q 'Use one node' stdout
expect 0 '' "$disco" advise net.onnx --cluster cluster.toml --nodes-max 2 --sparsities 0.9,0.99 --svg chart.svg
holds 'advise names the break-even' grep -q 'S = 99 %, 2 nodes.*MB/s' stdout
holds 'the chart is SVG' grep -q '^<svg xmlns="http://www.w3.org/2000/svg".*' chart.svg
expect 0 '' "$disco" advise net.onnx --link 10GB/s --compute 1GMAC/s --nodes-max 2 --sparsities 0.9
holds 'advise says that S has to be trained' grep -q 'train with disco sparsify' stdout
expect 2 '--sparsities' "$disco" advise net.onnx --cluster cluster.toml --sparsities 1.5
expect 2 'nodes-max' "$disco" advise net.onnx --cluster cluster.toml --nodes-max 5
expect 2 'net.onnx' "$disco" advise net.onnx --cluster cluster.toml --svg ./net.onnx

# Text from a file moves no cursor: escape sequences in op names and class names.
escape=$(printf '\x1b')
LC_ALL=C sed "s/layer1.0.conv1/layer1.0$escape[2J.1/g" net.onnx >escapes.onnx
printf '\x72\x18\x0a\x0ddisco.classes\x12\x07class%s%s' "$escape" 0 >>escapes.onnx # one more metadata entry
expect 0 '' "$disco" describe escapes.onnx --ops
holds 'the renamed op is listed' grep -qF 'layer1.0 [2J.1' stdout
holds 'op names are sanitised' lacks "$escape" stdout
expect 0 '' "$disco" run escapes.onnx --tensor zeros.npy
holds 'class names are shown' grep -q 'class 0 class 0' stdout
holds 'class names are sanitised' lacks "$escape" stdout
expect 2 'no command' "$disco" "bogus$escape"
holds 'errors are sanitised' lacks "$escape" stderr

# How features travel and are taken is the plan's; owners and mask of another plan can be kept.
expect 0 '' "$disco" plan net.onnx --keep plan.json --wire fp16 --out half.json
expect 0 '' "$disco" plan net.onnx --keep plan.json --wire int8 --calibrate synthetic:size=64 --calibrate-images 3 --out bytes.json
json '[.nodes[] | .bytes_planned == .bytes_sent and .bytes_sent > 0] | all' "$disco" bench net.onnx --plan bytes.json --local --warmup 1 --iterations 3 --json
holds 'bytes take a quarter of floats' test "$("$disco" bench net.onnx --plan bytes.json --local --iterations 1 --json 2>/dev/null | jq '[.nodes[].bytes_sent] | add * 4')" = \
  "$("$disco" bench net.onnx --plan plan.json --local --iterations 1 --json 2>/dev/null | jq '[.nodes[].bytes_sent] | add')"
expect 0 '' "$disco" plan net.onnx --keep plan.json --call split --out split.json
holds 'every value is split' lacks '"call":"fused"' split.json
expect 2 '--calibrate FOLDER' "$disco" plan net.onnx --nodes 2 --wire int8 --out x.json
expect 2 'fp32, fp16 and int8' "$disco" plan net.onnx --nodes 2 --wire int4 --out x.json
expect 2 '--keep PLAN' "$disco" plan net.onnx --out x.json
expect 2 'split and fused' "$disco" plan net.onnx --nodes 2 --call both --out x.json

# Times of inferences, and a timeline of one.
json '.iterations == 3 and (.all_ms | length) == 3 and .ms.p50 > 0 and (.nodes | length) == 3' \
  "$disco" bench net.onnx --plan plan.json --local --warmup 1 --iterations 3 --trace trace.json --json
json '[.traceEvents[] | select(.ph == "X") | .cat] | unique == ["compute", "send", "wait"]' cat trace.json
json '[.nodes[] | .bytes_planned == .bytes_sent and .bytes_sent > 0] == [true, true, true]' \
  "$disco" bench net.onnx --plan plan.json --tcp --iterations 2 --json
expect 2 'excludes' "$disco" bench net.onnx --plan plan.json --tcp --local
expect 2 'excludes' "$disco" bench net.onnx --turns --trace trace.json
holds 'a turn for every line' test "$(printf 'one\ntwo\n' | "$disco" bench net.onnx --turns --warmup 1 --iterations 3 2>/dev/null | jq -c '.all_ms | length')" = $'3\n3'
json '.inputs == "sent each time"' "$disco" bench net.onnx --iterations 2 --send-inputs --json

# Two nodes, measured; what was measured is good for a simulation.
ports=
for i in 0 1; do
  start_node node-$i.log --listen 127.0.0.1:0
  ports=$ports${ports:+,}$endpoint
done
json '(.nodes | length) == 2 and (.links | length) == 1 and .links[0].ten_kilobytes_ms > 0 and .nodes[0].memory > 0' "$disco" probe --nodes "$ports" --out measured.toml --json
expect 0 '' "$disco" plan net.onnx --nodes 2 --sparsity 0.9 --cluster measured.toml --out measured.json
json '.total_ms > 0' "$disco" simulate net.onnx --plan measured.json --cluster measured.toml --json
# shellcheck disable=SC2046
kill $(jobs -p)
expect 1 '127.0.0.1:1' "$disco" probe --nodes 127.0.0.1:1,127.0.0.1:2 --out x.toml --deadline 1s

# Nothing is written over what is read.
cp net.onnx kept.onnx
expect 2 'kept.onnx' "$disco" plan kept.onnx --nodes 2 --out ./kept.onnx
cp net.onnx node-1.onnx
expect 2 'node-1.onnx' "$disco" cut node-1.onnx --plan plan.json --out .
mkdir inputs
cp zeros.npy inputs/logits.npy
expect 2 'inputs/logits.npy' "$disco" run net.onnx --tensor inputs/logits.npy --out-dir inputs
expect 0 '' "$disco" zoo resnet8 --external-data --out outside.onnx
cp outside.onnx.data weights
expect 2 'outside.onnx.data' "$disco" plan outside.onnx --nodes 2 --out outside.onnx.data
holds 'inputs stay as they were' cmp net.onnx kept.onnx
holds 'inputs stay as they were' cmp net.onnx node-1.onnx
holds 'inputs stay as they were' cmp zeros.npy inputs/logits.npy
holds 'inputs stay as they were' cmp weights outside.onnx.data

# Wrong usage is 2, and says what to do.
expect 2 'run with --help\|required' "$disco"
expect 2 "'bogus'" "$disco" bogus
expect 2 'zoo' "$disco" zoo resnet51 --out x.onnx
for image in nonsense 3x1x1 3x32 3x32x32x3 '3x32x32 mean=0.5 bgr' 0x32x32 3x32x9000; do
  expect 2 'like 3x224x224.*8 to 8192' "$disco" zoo resnet50 --image "$image" --out x.onnx
done
expect 2 '37.5MB/s' "$disco" estimate net.onnx --plan plan.json --link fast --compute 125GMAC/s
expect 2 '--nodes' "$disco" plan net.onnx --nodes 0 --out x.json
expect 2 'shares' "$disco" plan net.onnx --nodes 2 --shares 1,2,3 --out x.json
expect 2 'dense-then-split' "$disco" plan net.onnx --nodes 2 --method magic --out x.json
expect 2 'starts with' "$disco" plan net.onnx --nodes 2 --method dense-then-split=nowhere --out x.json
expect 2 '--local or --nodes' "$disco" run net.onnx --plan plan.json --tensor zeros.npy
expect 2 'either --input' "$disco" run net.onnx
expect 2 "zeros.npy.*\[1, 3, 64, 64\].*'input'.*\[1, 4, 32, 32\]" "$disco" run four.onnx --tensor zeros.npy
expect 2 'four.onnx has 1 inputs' "$disco" run four.onnx --tensor zeros.npy --tensor zeros.npy
expect 2 '\[3, 96, 96\].*--preprocess' "$disco" eval net.onnx --preprocess 3x96x96 --data synthetic:train=10,val=5,size=64
expect 2 '127.0.0.1' "$disco" node --listen nonsense
local_run=("$disco" run net.onnx --plan plan.json --local --tensor zeros.npy)
for shape in fast 37.5MB 37.5MB/s,latency=2h loss=95% jitter=-1ms seed=x speed=1 37.5MB/s,; do
  expect 2 "'${shape##*,}'.*37.5MB/s,latency=2ms" "${local_run[@]}" --shape "$shape"
done
expect 2 '0.01 to 1' "${local_run[@]}" --throttle 1,0,1
expect 2 '0.01 to 1' "${local_run[@]}" --throttle 1,1,1.5
expect 2 'throttle' "${local_run[@]}" --throttle 1,half,1
expect 2 '2 throttles for 3 nodes' "${local_run[@]}" --throttle 1,0.5
expect 2 'disco node --throttle' "$disco" run net.onnx --plan plan.json --nodes a:1,b:2,c:3 --throttle 1,1,0.5 --tensor zeros.npy
for throttle in 0 1.01 nan; do
  expect 2 '0.01 to 1' "$disco" node --listen 127.0.0.1:0 --throttle $throttle
done

# What the world does wrong is 1, and names the file, op or node.
shard=shards/node-0.onnx
refused="$shard is shard 0 of 3; give the network it was cut from"
expect 1 "$refused" "$disco" plan "$shard" --nodes 2 --out x.json
expect 1 "$refused" "$disco" estimate "$shard" --plan plan.json --link 1MB/s --compute 1GMAC/s
expect 1 "$refused" "$disco" cut "$shard" --plan plan.json --out x
expect 1 "$refused" "$disco" run "$shard" --tensor zeros.npy
expect 1 "$refused" "$disco" eval "$shard" --data synthetic
expect 1 'missing.onnx' "$disco" describe missing.onnx
echo 'not a network' >junk.onnx
expect 1 'junk.onnx' "$disco" describe junk.onnx
echo '{}' >junk.json
expect 1 'junk.json' "$disco" estimate net.onnx --plan junk.json --link 1MB/s --compute 1GMAC/s
expect 0 '' "$disco" zoo resnet20 --out other.onnx
expect 1 "op '" "$disco" estimate other.onnx --plan plan.json --link 1MB/s --compute 1GMAC/s
expect 1 'nowhere' "$disco" eval net.onnx --data nowhere
expect 1 'disco node --listen' "$disco" run net.onnx --plan plan.json --nodes 127.0.0.1:1,127.0.0.1:2,127.0.0.1:3 --tensor zeros.npy

finish
