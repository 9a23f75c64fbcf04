#!/bin/sh
# Generates the types of the API from the server's OpenAPI document, into $1 or src/api/schema.d.ts.
set -eu
cd "$(dirname "$0")/.."
document=$(mktemp)
trap 'rm -f "$document"' EXIT
(cd .. && .venv/bin/python -m tooling.openapi) > "$document"
node_modules/.bin/openapi-typescript --default-non-nullable false "$document" -o "${1:-src/api/schema.d.ts}"
