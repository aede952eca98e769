#!/usr/bin/env bash
# Counts, with callgrind, the instructions to verify a body of 300 bytes, and those of the bare MAC with
# the same library. Callgrind does not emulate SHA instructions, so SHA-256 runs in software.
set -euo pipefail
cd "$(dirname "$0")/../../.."
count=1000
program=$(cargo bench -p twin-tests --bench webhooks --no-run --message-format json |
    sed -n 's/.*"name":"webhooks".*"executable":"\([^"]*\)".*/\1/p' | tail -1)

instructions() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect="$1" \
        "$program" instructions $count 2>&1 | sed -n 's/.*Collected : //p'
}

while read -r name function; do
    counted=$(($(instructions "$function") / count))
    ((counted)) || { echo "callgrind did not find $function" >&2; exit 1; }
    echo "$name: $counted"
done <<'FUNCTIONS'
bare-mac *mac::bare_verify
bare-mac-with-its-key *mac::bare_verify_with_key
verify-step *Verifier::authenticate
verify-and-read *Verifier::verify
FUNCTIONS
