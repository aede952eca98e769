#!/usr/bin/env bash
# Times what a person waits for, in one run on one machine:
#   1. a clean debug build of twin-api beside one of the hand-written client, for each TLS
#      feature, in turns, ROUNDS times (default 2); by hand once with reqwest's default
#      features, as most people write it, and once with no more than twin-api enables;
#   2. a build of twin-api after a description in openapi.json was touched.
# Downloads are done before. Everything goes to a temporary folder; openapi.json is put back.
set -euo pipefail
cd "$(dirname "$0")/../.."
rounds=${ROUNDS:-2}
scratch=$(mktemp -d)
spec=openapi.json
cp "$spec" "$scratch/openapi.json"
trap 'cat "$scratch/openapi.json" > "$spec"; rm -rf "$scratch"' EXIT

hand=$scratch/handwritten
cp -r tests/benches/handwritten "$hand"

# Runs the rest of its arguments; prints the seconds they took. A failure ends the script:
# `set -e` does not reach into a command substitution.
seconds() {
    local started=$EPOCHREALTIME
    "$@" >/dev/null || { echo "failed: $*" >&2; kill $$; }
    awk -v a="$started" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }'
}

build_hand() {
    rm -rf "$scratch/hand-target"
    CARGO_TARGET_DIR=$scratch/hand-target cargo build -q --offline \
        --manifest-path "$hand/Cargo.toml" --features "$1"
}

build_twin() {
    rm -rf "$scratch/twin-target"
    CARGO_TARGET_DIR=$scratch/twin-target cargo build -q --offline --locked -p twin-api \
        --no-default-features --features "$1"
}

cargo fetch -q --locked
# The same versions on both sides.
cp Cargo.lock "$hand" && (cd "$hand" && cargo fetch -q)
for feature in rustls-aws-lc rustls-ring; do
    for round in $(seq "$rounds"); do
        usual=$(seconds build_hand "$feature,usual")
        lean=$(seconds build_hand "$feature")
        twin=$(seconds build_twin "$feature")
        awk -v f="$feature" -v r="$round" -v u="$usual" -v l="$lean" -v t="$twin" 'BEGIN {
            printf "clean, %s, round %d: twin-api %.1f s; by hand %.1f s, ratio %.2f; ", f, r, t, u, t / u
            printf "by hand without reqwest'"'"'s default features %.1f s, ratio %.2f\n", l, t / l }'
    done
done

# The target folder of the last clean build is warm.
for round in $(seq "$rounds"); do
    sed "0,/\"description\": \"/s//\"description\": \"Touched $round. /" "$scratch/openapi.json" > "$spec"
    touched=$(seconds env CARGO_TARGET_DIR="$scratch/twin-target" cargo build -q --offline --locked \
        -p twin-api --no-default-features --features "$feature")
    echo "a description touched, round $round: $touched s"
done
