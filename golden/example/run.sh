#!/bin/sh
# Compile the example, run it on every case of stage 8, hold what it wrote against ours.
# From the checkout: sh golden/example/run.sh [FOLDER]
set -eu
out=${1:-$(mktemp -d)}
mkdir -p "$out"
${CC:-cc} -std=c99 -O2 -Wall -Wextra -o "$out/fisher" golden/example/fisher.c -lm
for case in golden/08_fisher/*/; do
    name=$(basename "$case")
    mkdir -p "$out/08_fisher/$name"
    "$out/fisher" "golden/08_fisher/$name" "$out/08_fisher/$name"
done
${PYTHON:-python3} run.py conform "$out" --stages 8
