#!/usr/bin/env bash
# Files of the command line: nothing that is read or is somebody else's is lost, and nothing is called written that is
# not.
# Usage: commands_files_test.sh FOLDER_OF_THE_PROGRAMS
set -uo pipefail
# shellcheck source=tests/expect.sh
source "$(dirname "$(realpath "$0")")/expect.sh"

expect 0 '' "$disco" zoo resnet8 --image 3x16x16 --seed 3 --out net.onnx
expect 0 '' "$disco" plan net.onnx --nodes 2 --out two.json
expect 0 '' "$disco" plan net.onnx --nodes 3 --out three.json
zeros x.npy '1, 3, 16, 16' $((3 * 16 * 16 * 4))
cp net.onnx kept.onnx
cp two.json kept.json
no_partial() { [ -z "$(find . -name '*.partial-*')" ]; }

# cut takes away what an earlier cut has written, and nothing else.
mkdir cut
cp net.onnx cut/node-5.onnx
cp net.onnx cut/node-63.onnx
echo 'a note' >cut/node-9.onnx
echo 'a note' >cut/node-7.onnx.data
expect 0 '' "$disco" cut net.onnx --plan three.json --out cut
holds 'three shards' [ -f cut/node-0.onnx -a -f cut/node-1.onnx -a -f cut/node-2.onnx ]
expect 0 '' "$disco" cut cut/node-5.onnx --plan two.json --out cut
holds 'the shard of the earlier cut is gone' [ ! -e cut/node-2.onnx ]
for file in cut/node-5.onnx cut/node-63.onnx; do holds "$file is no shard and stays" cmp -s net.onnx $file; done
for file in cut/node-9.onnx cut/node-7.onnx.data; do holds "$file is a note and stays" grep -q 'a note' $file; done
echo 'a note' >cut/node-1.onnx
expect 1 'cut/node-1.onnx is there and is no shard' "$disco" cut net.onnx --plan two.json --out cut
holds 'a note is not written over' grep -q 'a note' cut/node-1.onnx

# No input is written over, whatever it is called.
ln -s net.onnx link.onnx
ln net.onnx hard.onnx
ln -s "$PWD" elsewhere
for name in net.onnx ./net.onnx "$PWD/net.onnx" link.onnx hard.onnx elsewhere/net.onnx absent/../net.onnx; do
  expect 2 'would destroy' "$disco" plan net.onnx --nodes 2 --out "$name"
  expect 2 'would destroy' "$disco" simulate net.onnx --plan two.json --link 1MB/s --compute 1GMAC/s --trace "$name"
  expect 2 'would destroy' "$disco" bench net.onnx --iterations 1 --trace "$name"
  expect 2 'would destroy' "$disco" advise net.onnx --link 1MB/s --compute 1GMAC/s --svg "$name"
done
mkdir inputs
cp x.npy inputs/logits.npy
ln -s inputs same
expect 2 'would destroy' "$disco" run net.onnx --tensor inputs/logits.npy --out-dir same
# Weights under a name of their own: y = x + w, where w lies in weights.bin.
base64 -d >outside.onnx <<<'CAgSADphCg4KAXgKAXcSAXkiA0FkZBIBZyoiCAQQAUIBd2oXCghsb2NhdGlvbhILd2VpZ2h0cy5iaW5wAVoTCgF4Eg4KDAgBEggKAggBCgIIBGITCgF5Eg4KDAgBEggKAggBCgIIBEIECgAQEQ=='
printf '0123456789abcdef' >weights.bin
expect 0 '' "$disco" plan outside.onnx --nodes 1 --out one.json
expect 2 'weights.bin, which this command reads' "$disco" plan outside.onnx --nodes 1 --out ./weights.bin
expect 2 'weights.bin, which this command reads' "$disco" bench outside.onnx --iterations 1 --trace weights.bin
holds 'weights stay' [ "$(cat weights.bin)" = 0123456789abcdef ]
holds 'the network stays' cmp -s net.onnx kept.onnx

# Every output has a file of its own: three are called a/b, a_b and a:b.
base64 -d >three.onnx <<<'CAgSADqUAQoOCgF4EgNhL2IiBFJlbHUKEQoBeBIDYV9iIgdTaWdtb2lkChIKAXgSA2E6YiIISWRlbnRpdHkSAWdaEwoBeBIOCgwIARIICgIIAQoCCANiFQoDYS9iEg4KDAgBEggKAggBCgIIA2IVCgNhX2ISDgoMCAESCAoCCAEKAggDYhUKA2E6YhIOCgwIARIICgIIAQoCCANCBAoAEBE='
zeros row.npy '1, 3,' 12
json '.files | length == 3 and (unique | length == 3)' "$disco" run three.onnx --tensor row.npy --out-dir answers --json
holds 'three files' [ "$(find answers -type f | wc -l)" = 3 ]
holds 'a name that needs no other is kept' grep -q '?' answers/a_b.npy # a sigmoid of 0: 0.5 is 00 00 00 3f

# A batch is set in one place: followed, or refused by op and batch.
zeros batch.npy '2, 3, 16, 16' $((2 * 3 * 16 * 16 * 4))
json '.nodes | length == 1' "$disco" run net.onnx --tensor batch.npy --json
base64 -d >baked.onnx <<<'CAgSADpzChgKAXgKAXMSAXIaBGZsYXQiB1Jlc2hhcGUKDwoBchIBeSIHU29mdG1heBIBZyoZCAIQB0IBc0oQAQAAAAAAAAD//////////1oTCgF4Eg4KDAgBEggKAggBCgIIBGITCgF5Eg4KDAgBEggKAggBCgIIBEIECgAQEQ=='
zeros baked1.npy '1, 4' 16
zeros baked2.npy '2, 4' 32
expect 0 '' "$disco" run baked.onnx --tensor baked1.npy
expect 1 "'flat' (Reshape).*batch of 2.*batch of 1" "$disco" run baked.onnx --tensor baked2.npy
expect 1 "'flat' (Reshape).*batch of 2.*batch of 1" "$disco" bench baked.onnx --batch 2 --iterations 1

# What cannot be written is an error, and what was there stays.
full_disk() { (
  trap '' XFSZ
  ulimit -f 8 # blocks of 1 KiB
  exec "$@"
); }
for out in net.onnx net.onnx.data; do printf old >"old.$out"; done
expect 1 'old.net.onnx' full_disk "$disco" zoo resnet8 --out old.net.onnx
expect 1 'old.net.onnx' full_disk "$disco" zoo resnet8 --external-data --out old.net.onnx
holds 'the old files stay' [ "$(cat old.net.onnx old.net.onnx.data)" = oldold ]
expect 1 'shards/node-0.onnx' full_disk "$disco" cut net.onnx --plan two.json --out shards
holds 'no half file is left' no_partial
expect 1 '/dev/full' "$disco" zoo resnet8 --out /dev/full
expect 1 '/dev/full' "$disco" plan net.onnx --nodes 2 --out /dev/full
echo 'a file' >file
expect 1 'file' "$disco" run net.onnx --tensor x.npy --out-dir file
expect 1 'file' "$disco" cut net.onnx --plan two.json --out file
expect 1 'make folder file' "$disco" zoo resnet8 --out file/net.onnx
expect 1 'folder' "$disco" plan net.onnx --nodes 2 --out cut
holds 'a file is no folder' grep -q 'a file' file

# Standard output as well. No text and no error of the system is lost, and nobody else's file gets it.
to_full() { "$@" >/dev/full; }
to_nobody() { "$@" >&-; }
for print in to_full to_nobody; do
  for json in '' --json; do
    # shellcheck disable=SC2086
    for command in "describe net.onnx" "plan net.onnx --nodes 2 --out two.json" "cut net.onnx --plan two.json --out shards" \
      "run net.onnx --tensor x.npy --out-dir answers" "bench net.onnx --iterations 1" "eval net.onnx --data synthetic:train=1,val=2,size=16" \
      "estimate net.onnx --plan two.json --link 1MB/s --compute 1GMAC/s" "simulate net.onnx --plan two.json --link 1MB/s --compute 1GMAC/s" \
      "advise net.onnx --link 1MB/s --compute 1GMAC/s --nodes-max 2 --sparsities 0.9" "zoo resnet8 --out small.onnx"; do
      expect 1 'standard output' $print "$disco" $command $json
    done
  done
  expect 1 'standard output' $print "$disco" --help
  expect 1 'standard output' $print "$disco" --version
  expect 1 'nofile' $print "$disco" describe nofile
done
expect 0 '' "$disco" describe small.onnx
expect 0 '' "$disco" describe net.onnx 2>&-
"$disco" describe nofile 2>/dev/full
holds 'a failure stays one without a place to tell it' [ $? = 1 ]
"$disco" describe net.onnx --ops 2>stderr | head -1 >/dev/null
holds 'a reader that goes away is no news' [ ! -s stderr ]

finish
