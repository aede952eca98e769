#!/usr/bin/env bash
# Generates the Rust client of openapi.json with openapi-generator, into the folder $1. The generator is
# a Java program in the PyPI package openapi-generator-cli.
set -euo pipefail
cd "$(dirname "$0")/../../.."
version=7.26.0
tool=target/tools/openapi-generator-$version
if [ ! -d "$tool" ]; then
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    python3 -m pip download -q --disable-pip-version-check --no-deps --only-binary :all: \
        -d "$scratch" "openapi-generator-cli==$version"
    mkdir -p "$tool"
    python3 -m zipfile -e "$scratch"/*.whl "$tool"
fi
java -jar "$tool/openapi_generator_cli/openapi-generator.jar" generate -i openapi.json -g rust \
    -o "$1" --additional-properties=packageName=twin-openapi-generator >/dev/null
