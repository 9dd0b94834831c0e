#!/usr/bin/env bash
# What commands make of a data set's folders: classes by name, files that are left out, data that changed.
# Usage: commands_classes_test.sh FOLDER_OF_THE_PROGRAMS
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
    echo "FAILED: $* -> exit $got (expected $code), stderr: $(head -c 800 stderr)"
    failures=$((failures + 1))
  fi
}
# holds CLAIM COMMAND...: the command, which looks at what another left, succeeds.
holds() {
  local claim=$1
  shift
  if ! "$@" >/dev/null; then
    echo "FAILED: $claim; stdout: $(head -c 800 stdout)"
    failures=$((failures + 1))
  fi
}

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
holds 'the network tells colours apart' jq -e '.accuracy == 1 and .warnings == []' stdout

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
holds 'sparsify holds pictures against the right answers' jq -e '.accuracy_before == 1 and (.warnings | length == 2)' stdout
holds 'sparsify keeps the list of classes' [ "$(right sparse.onnx fruits)" = 12 ]
expect 1 "more (train): 'date' is no class of the network" "${sparsify[@]}" --data more --out refused.onnx --plan refused.json
expect 1 "more (train): 'date' is no class of the network" "$disco" train --network net.onnx --data more --batch 16 --out refused.onnx
holds 'nothing is written of a run that is refused' [ ! -e refused.onnx ] && [ ! -e refused.json ]
draw banana 1 fewer/train/banana
draw banana 1 fewer/val/banana
draw cherry 1 fewer/val/cherry
expect 1 'fewer/val/cherry has no counterpart' "$disco" train --network resnet8 --image 3x16x16 --batch 1 --data fewer --out refused.onnx

# Without names classes are matched by their place, where there are as many.
"$disco" zoo resnet8 --classes 3 --image 3x16x16 --out nameless.onnx >/dev/null
expect 0 'fruits (val): the network has no class names: its classes are matched by place' "$disco" eval nameless.onnx --data fruits
expect 1 'two (val): 2 classes (banana, cherry), but the network tells 3 apart and has no class names' "$disco" eval nameless.onnx --data two
expect 1 '10 classes.*tells 3 apart' "$disco" eval nameless.onnx --data synthetic

echo "$failures failures"
[ $failures = 0 ]
