#!/bin/sh
# Compile the port, run it on every case, hold what it wrote against ours.
# From the checkout: sh golden/example/run.sh [OUT] [GOLDEN]
# REAL=float computes in single precision; GOLDEN may be a folder that `run.py trace` wrote.
set -eu
out=${1:-$(mktemp -d)}
golden=${2:-golden}
program=$(mktemp)
${CXX:-c++} -std=c++17 ${FLAGS:--O2} -ffp-contract=off -Wall -Wextra -DREAL="${REAL:-double}" \
    -o "$program" golden/example/port.cpp
"$program" "$golden" "$out"
rm -f "$program"
if [ "$golden" = golden ]; then
    ${PYTHON:-python3} run.py conform "$out"
else
    ${PYTHON:-python3} run.py conform "$out" --against "$golden"
fi
