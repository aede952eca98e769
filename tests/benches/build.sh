#!/usr/bin/env bash
# Measures the cost of a build for a user:
#   1. CPU seconds (user and system) of a clean debug build of the staged twin-api and twin-ext, and of
#      the hand-written client with the same TLS. The clients take turns, ROUNDS times (default 2);
#   2. the number of crates;
#   3. the size of a stripped release binary that lists agents;
#   4. the seconds of a build in the repository after a description in openapi.json changed.
# Variables:
#   FEATURES   the TLS features to measure (default "rustls-ring rustls-aws-lc")
#   PARTS      the measurements to make (default "clean binary touched")
#   HAND=usual gives the hand-written client the default features of reqwest (charset, http2,
#              system-proxy), which most programs have
#   GENERATED=1 also measures the client of openapi-generator, which has no rustls-ring (needs java
#              and pip)
# The script downloads crates before it measures, and restores openapi.json.
set -euo pipefail
cd "$(dirname "$0")/../.."
rounds=${ROUNDS:-2}
features=${FEATURES:-rustls-ring rustls-aws-lc}
parts=${PARTS:-clean binary touched}
hand=${HAND:-lean}
scratch=$(mktemp -d)
spec=openapi.json
cp "$spec" "$scratch/openapi.json"
trap 'cmp -s "$scratch/openapi.json" "$spec" || cat "$scratch/openapi.json" > "$spec"; rm -rf "$scratch"' EXIT

# Runs a command, and prints the CPU seconds of the command and its children. It kills the script if the
# command fails, because `set -e` has no effect inside a command substitution.
cpu() {
    "$@" >"$scratch/log" 2>&1 || { cat "$scratch/log" >&2; kill $$; }
    times >"$scratch/times"
    awk 'NR == 2 { gsub(/[ms]/, " "); printf "%.1f", $1 * 60 + $2 + $3 * 60 + $4 }' "$scratch/times"
}

# Writes the program of a client, with the same profile and the same versions for all clients.
program() {
    local folder=$scratch/$1
    # The names of the features in the client's manifest.
    local ring=rustls-ring aws=rustls-aws-lc more=
    [ "$1" != generated ] || { ring=none aws=rustls; }
    [ "$1-$hand" != handwritten-usual ] || more=', "client/usual"'
    mkdir -p "$folder/src"
    cat > "$folder/Cargo.toml" <<TOML
[package]
name = "listing"
version = "0.0.0"
edition = "2024"
[dependencies]
client = $2
tokio = { version = "1", default-features = false, features = ["macros", "rt"] }
[features]
rustls-ring = ["client/$ring"$more]
rustls-aws-lc = ["client/$aws"$more]
native-tls = ["client/native-tls"$more]
[profile.dev]
debug = "line-tables-only"
[profile.dev.package."*"]
debug = false
[profile.release]
strip = true
[workspace]
TOML
    [ "$1" != generated ] || sed -i '/^rustls-ring/d' "$folder/Cargo.toml"
    cp "tests/benches/listing/$1.rs" "$folder/src/main.rs"
    cp Cargo.lock "$folder"
    (cd "$folder" && cargo fetch -q)
}

clean() {
    rm -rf "$scratch/target"
    CARGO_TARGET_DIR=$scratch/target cargo build -q --offline --locked \
        --manifest-path "$scratch/$1/Cargo.toml" --features "$2"
}

crates() {
    cargo tree --offline --locked --manifest-path "$scratch/$1/Cargo.toml" --features "$2" \
        -e normal,build --prefix none | sed 's/ (\*)$//' | sort -u | grep -vc '^listing '
}

# Stage the crates in the form in which they are published.
cargo xtask package
stage=$PWD/target/package-staged
program handwritten "{ package = \"handwritten\", path = \"$PWD/tests/benches/handwritten\" }"
program twin-api "{ package = \"twin-api\", path = \"$stage/twin-api\", default-features = false }"
program twin-ext "{ package = \"twin-ext\", path = \"$stage/twin-ext\", default-features = false }"
clients="handwritten twin-api twin-ext"
if [ -n "${GENERATED:-}" ]; then
    tests/benches/rivals/generate.sh "$scratch/openapi-generator"
    program generated "{ package = \"twin-openapi-generator\", path = \"$scratch/openapi-generator\", default-features = false }"
    clients+=" generated"
fi

# Prints the clients that have a TLS feature.
offering() {
    [ "$1" != rustls-ring ] || { echo "${clients/ generated/}"; return; }
    echo "$clients"
}

if [[ $parts = *clean* ]]; then
    for feature in $features; do
        for round in $(seq "$rounds"); do
            first=
            for client in $(offering "$feature"); do
                seconds=$(cpu clean "$client" "$feature")
                first=${first:-$seconds}
                awk -v f="$feature" -v r="$round" -v c="$client" -v s="$seconds" -v h="$first" \
                    -v n="$(crates "$client" "$feature")" 'BEGIN {
                    printf "clean debug build, %s, round %d: %-11s %6.1f CPU s, ratio %.2f, %d crates\n",
                        f, r, c, s, s / h, n }'
            done
        done
    done
fi

if [[ $parts = *binary* ]]; then
    first=
    for client in $(offering "${features%% *}"); do
        CARGO_TARGET_DIR=$scratch/release cargo build -q --offline --locked --release \
            --manifest-path "$scratch/$client/Cargo.toml" --features "${features%% *}"
        size=$(stat -c %s "$scratch/release/release/listing")
        first=${first:-$size}
        awk -v f="${features%% *}" -v c="$client" -v s="$size" -v h="$first" 'BEGIN {
            printf "stripped release binary, %s: %-11s %.2f MB, ratio %.2f\n", f, c, s / 1e6, s / h }'
    done
fi

if [[ $parts = *touched* ]]; then
    touched() {
        CARGO_TARGET_DIR=$scratch/target cargo build -q --offline --locked -p twin-api
    }
    touched
    TIMEFORMAT='%R'
    for round in $(seq "$rounds"); do
        sed "0,/\"description\": \"/s//\"description\": \"Touched $round. /" "$scratch/openapi.json" > "$spec"
        time touched 2>/dev/null
        echo "^ seconds of a build after a description changed, round $round"
    done
fi
