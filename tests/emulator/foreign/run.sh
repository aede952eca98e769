#!/usr/bin/env bash
# Tests the emulator with schemathesis, and with a client that openapi-python-client generates.
#   tests/emulator/foreign/run.sh [FOLDER]
# FOLDER keeps the Python environment for the next run. The expected output, a minute after the build:
#   schemathesis: every generated test case passed (about 1,200)
#   openapi-python-client: 47 calls, 0 failed, 0 operations not called
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$(mktemp -d)}
cd "$here/../../.."

cargo build --locked -p twin-emulator
[ -x "$folder/venv/bin/pip" ] || python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q -r "$here/requirements.txt"

target=${CARGO_TARGET_DIR:-target}
"$target/debug/twin-emulator" --port 0 --api-key foreign >"$folder/emulator.log" &
emulator=$!
trap 'kill "$emulator" 2>/dev/null || true' EXIT
for _ in $(seq 100); do
    url=$(sed -n 's/^listening on //p' "$folder/emulator.log")
    [ -n "$url" ] && break
    sleep 0.1
done

rm -rf "$folder/client"
PATH="$folder/venv/bin:$PATH" openapi-python-client generate --url "$url/openapi.json" \
    --output-path "$folder/client" --meta none --overwrite >"$folder/generate.log"
mkdir -p "$folder/package" && rm -rf "$folder/package/twin_rest_api_client"
mv "$folder/client" "$folder/package/twin_rest_api_client"
PYTHONPATH="$folder/package" "$folder/venv/bin/python" "$here/calls.py" "$url" foreign

# If schemathesis revoked its own key, every later call would fail.
"$folder/venv/bin/schemathesis" run "$url/openapi.json" --url "$url" -H 'x-api-key: foreign' \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance \
    --phases examples,coverage,fuzzing --max-examples 20 --seed 13 \
    --exclude-operation-id revoke_api_key
