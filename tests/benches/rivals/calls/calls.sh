#!/usr/bin/env bash
# Builds a program with all clients, and runs it. The client of openapi-generator needs java and pip.
set -euo pipefail
cd "$(dirname "$0")/../../../.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

cargo xtask package
tests/benches/rivals/generate.sh "$scratch/generated"
stage=$PWD/target/package-staged
mkdir "$scratch/src"
cp tests/benches/rivals/calls/*.rs "$scratch/src"
cp Cargo.lock "$scratch"
cat > "$scratch/Cargo.toml" <<TOML
[package]
name = "calls"
version = "0.0.0"
edition = "2024"
[dependencies]
client-generated = { package = "twin-openapi-generator", path = "$scratch/generated", default-features = false }
cpu-time = "1"
handwritten = { path = "$PWD/tests/benches/handwritten", features = ["usual"] }
# octocrab does not compile without TLS.
octocrab = { version = "0.54", default-features = false, features = ["default-client", "follow-redirect", "retry", "rustls", "rustls-ring", "timeout"] }
serde_json = "1"
tokio = { version = "1", default-features = false, features = ["macros", "rt"] }
twin-api = { path = "$stage/twin-api", default-features = false, features = ["client"] }
twin-ext = { path = "$stage/twin-ext", default-features = false, features = ["pages"] }
[workspace]
TOML
CARGO_TARGET_DIR=$PWD/target/rivals cargo run -q --release --manifest-path "$scratch/Cargo.toml"
