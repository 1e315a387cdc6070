#!/bin/sh
# Compiles the port, runs it and compares: sh golden/example/run.sh [OUT [TRACE]]
# REAL=float is single precision; CXX, FLAGS and PYTHON stand for other programs and options.
set -eu
here=$(dirname "$0")
out=${1:-$(mktemp -d)}
port=$(mktemp)
trap 'rm -f "$port"' EXIT
${CXX:-c++} -std=c++17 ${FLAGS:--O2} -ffp-contract=off -Wall -Wextra -DREAL="${REAL:-double}" \
  "$here/port.cpp" -o "$port"
"$port" "${2:-$here/..}" "$out"
${PYTHON:-python3} "$here/../../run.py" conform "$out" ${2:+--against "$2" --stages 1-4}
