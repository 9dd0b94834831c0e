#!/usr/bin/env bash
# Runs the commands of a document as a reader would: every ```sh block that is marked as run by this test.
# Usage: documentation_test.sh FOLDER_OF_THE_PROGRAMS DOCUMENT
set -euo pipefail
programs=$(realpath "$1")
document=$(realpath "$2")
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
export PATH=$programs:$PATH

commands=$(awk '/commands run by tests\/documentation_test.sh/ {marked = 1}
                /^```$/ {inside = 0}
                inside {print}
                /^```sh$/ && marked {inside = 1; marked = 0}' "$document")
[ -n "$commands" ] || { echo "$document marks no commands" >&2; exit 1; }

count=0
while IFS= read -r command; do
  [ -n "$command" ] || continue
  echo "\$ $command"
  eval "$command"
  case $command in *'&') sleep 1 ;; esac # a reader takes longer to type the next one
  count=$((count + 1))
done <<<"$commands"
echo "$count commands ran"
