#!/usr/bin/env bash
# What commands make of a data set's folders: classes by name, files that are left out, data that changed.
# Usage: commands_classes_test.sh FOLDER_OF_THE_PROGRAMS
set -uo pipefail
# shellcheck source=tests/expect.sh
source "$(dirname "$(realpath "$0")")/expect.sh"

# Pictures of 16 x 16 pixels in one colour each.
apple=iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAFklEQVR42mO4IydHEmIY1TCqYfhqAACaMxgQdrf9VwAAAABJRU5ErkJggg==
banana=iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAFklEQVR42mN4dkeDJMQwqmFUw/DVAAA9EeoQVsar0AAAAABJRU5ErkJggg==
cherry=iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAFklEQVR42mOoYLAhCTGMahjVMHw1AADvLbQBv7Cj1AAAAABJRU5ErkJggg==
# draw NAME COUNT FOLDER: so many copies of a picture.
draw() {
  local name=$1 count=$2 folder=$3
  mkdir -p "$folder"
  for i in $(seq "$count"); do base64 -d <<<"${!name}" >"$folder/$name-$i.png"; done
}
for fruit in apple banana cherry; do
  draw $fruit 16 fruits/train/$fruit
  draw $fruit 4 fruits/val/$fruit
done
draw banana 4 two/val/banana
draw cherry 4 two/val/cherry
draw apple 1 two/val/cherry # a wrong one, so that not everything is right
draw cherry 4 date/val/cherry
draw banana 4 date/val/date
draw banana 4 renamed/val/a_banana
draw cherry 4 renamed/val/b_cherry
draw apple 4 renamed/val/x_apple

train=("$disco" train --network resnet8 --width 1/2 --image 3x16x16 --batch 16 --threads 1 --lr 0.02)
expect 0 '' "${train[@]}" --data fruits --epochs 6 --out net.onnx --json
holds 'the network tells colours apart' jq -e '.metric == "accuracy" and .value == 1 and .warnings == []' stdout

# right NETWORK DATA: pictures whose best class has the name of their folder, counted one by one.
right() {
  local count=0 file name
  for file in "$2"/val/*/*.png; do
    name=$("$disco" run "$1" --input "$file" --json 2>/dev/null | jq -r '.top[0].name')
    [ "$name" = "$(basename "$(dirname "$file")")" ] && count=$((count + 1))
  done
  echo $count
}
# Classes are matched by name; some may have no picture, and none may be unknown.
for data in fruits two; do
  expect 0 '' "$disco" eval net.onnx --data $data --batch 3 --json
  count=$(right net.onnx $data)
  holds "eval on $data counts what run says ($count)" jq -e ".value * .images + 0.5 | floor == $count" stdout
done
holds 'two: eight of nine are right' [ "$count" = 8 ]
holds 'a class without a picture is a note' jq -e '.warnings | length == 1 and (.[0] | test("no pictures of 1 of the network.s 3 classes .apple."))' stdout
expect 0 'warning: two (val): no pictures of 1' "$disco" eval net.onnx --data two
expect 1 "date (val): 'date' is no class of the network, whose 3 classes are apple, banana, cherry" "$disco" eval net.onnx --data date
expect 1 "renamed (val): 'a_banana' (and 2 more) is no class" "$disco" eval net.onnx --data renamed
expect 1 "synthetic (val): 'disc+ring' (and 9 more)" "$disco" eval net.onnx --data synthetic

# A network keeps its list of classes; what it lacks is refused before anything is written.
for split in train val; do
  draw banana 16 pair/$split/banana
  draw cherry 16 pair/$split/cherry
  draw cherry 16 more/$split/cherry
  draw apple 16 more/$split/apple
  draw banana 16 more/$split/date
done
sparsify=("$disco" sparsify net.onnx --epochs 0 --batch 16 --threads 1 --nodes 2)
expect 0 'warning: pair (train): no pictures of 1' "${sparsify[@]}" --sparsity 0 --data pair --out sparse.onnx --plan plan.json --json
holds 'sparsify holds pictures against the right answers' jq -e '.value_before == 1 and (.warnings | length == 2)' stdout
holds 'sparsify keeps the list of classes' [ "$(right sparse.onnx fruits)" = 12 ]
expect 1 "more (train): 'date' is no class of the network" "${sparsify[@]}" --data more --out refused.onnx --plan refused.json
expect 1 "more (train): 'date' is no class of the network" "$disco" train --network net.onnx --data more --batch 16 --out refused.onnx
for file in refused.onnx refused.json; do holds "no $file is written of a run that is refused" [ ! -e $file ]; done
draw banana 1 fewer/train/banana
draw banana 1 fewer/val/banana
draw cherry 1 fewer/val/cherry
expect 1 'fewer/val/cherry has no counterpart' "$disco" train --network resnet8 --image 3x16x16 --batch 1 --data fewer --out refused.onnx

# Without names classes are matched by their place, where there are as many.
"$disco" zoo resnet8 --classes 3 --image 3x16x16 --out nameless.onnx >/dev/null
expect 0 'fruits (val): the network has no class names: its classes are matched by place' "$disco" eval nameless.onnx --data fruits
expect 1 'two (val): 2 classes (banana, cherry), but the network tells 3 apart and has no class names' "$disco" eval nameless.onnx --data two
expect 1 '10 classes.*tells 3 apart' "$disco" eval nameless.onnx --data synthetic

# What is left out of a folder is counted in a warning.
cp -r fruits untidy
echo note >untidy/val/apple/notes.txt
cp untidy/val/apple/apple-1.png untidy/val/apple/apple-1.gif
echo note >untidy/val/readme.txt
draw apple 2 untidy/val/banana/more/deep
rm untidy/val/cherry/*
expect 0 '2 files that are not .jpg, .jpeg or .png (apple/apple-1.gif)' "$disco" eval net.onnx --data untidy --json
holds 'a note per thing that is left out' jq -e '.images == 8 and (.warnings | length == 2) and
  (.warnings[0] | test("1 files beside the class folders .readme.txt.") and
    test("1 folders inside class folders .banana/more.") and test("1 class folders without pictures .cherry."))' stdout
echo note >untidy/train/banana/notes.txt
expect 0 'warning: untidy/train: left out: 1 files that are not .jpg' \
  "$disco" plan net.onnx --nodes 2 --wire int8 --calibrate untidy --out bytes.json --json
holds 'and in JSON' jq -e '.warnings | length == 1' stdout
rm -r untidy/train/apple/*
mkdir untidy/train/apple/deep
expect 1 'untidy/train/apple holds no .jpg, .jpeg or .png file' "$disco" train --network net.onnx --data untidy --batch 16 --out refused.onnx

# A run that is interrupted goes on with the same settings on the same data, or says what differs.
cp -r fruits mine
run=("$disco" train --network resnet8 --image 3x16x16 --data mine --threads 1 --epochs 500 --out part.onnx)
"${run[@]}" --batch 16 --lr 0.02 2>stderr &
pid=$!
for _ in $(seq 600); do
  [ -e part.onnx.checkpoint ] && break
  sleep 0.1
done
kill -INT $pid
wait $pid
holds 'an interrupted run fails' [ $? = 1 ]
resume=("${run[@]}" --batch 16 --lr 0.02 --resume)
expect 1 'train.batch was 16, is 8, train.lr was 0.02, is 0.01; give those' "${run[@]}" --batch 8 --lr 0.01 --resume
mv mine/train/apple/apple-3.png mine/train/apple/apple-33.png
expect 1 'the data have changed.*train/apple has files with other names' "${resume[@]}"
draw apple 1 mine/train/apple && rm mine/train/apple/apple-33.png mine/val/banana/banana-2.png
expect 1 'train/apple had 16 pictures, now 15, val/banana had 4 pictures, now 3;' "${resume[@]}"
rm -r mine && cp -r fruits mine
printf x >>mine/val/cherry/cherry-1.png
expect 1 'val/cherry had [0-9]* bytes, now [0-9]*;' "${resume[@]}"
holds 'the checkpoint stays' [ -e part.onnx.checkpoint ]

# What diverges is an error that says where, and writes nothing.
expect 1 'epoch 1, after .* steps: .*lower the learning rate' \
  "$disco" train --network resnet8 --image 3x16x16 --data fruits --batch 16 --threads 1 --lr 1e6 --weight-decay 100 --out wild.onnx
for file in wild.onnx wild.onnx.checkpoint; do holds "no $file is written of a run that diverges" [ ! -e $file ]; done

finish
