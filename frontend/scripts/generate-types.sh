#!/bin/sh
# Writes the types of the API from the server's own OpenAPI document; $1 is another place to write them to.
set -eu
cd "$(dirname "$0")/.."
document=$(mktemp)
trap 'rm -f "$document"' EXIT
(cd .. && .venv/bin/python -m tooling.openapi) > "$document"
node_modules/.bin/openapi-typescript "$document" -o "${1:-src/api/schema.d.ts}"
