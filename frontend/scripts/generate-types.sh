#!/bin/sh
# Generates the types of the API from the server's OpenAPI document, into $1 or src/api/schema.d.ts.
set -eu
cd "$(dirname "$0")/.."
document=$(mktemp)
trap 'rm -f "$document"' EXIT
(cd .. && .venv/bin/python -m tooling.openapi) > "$document"
# A field with a default may be left out of a request.
node_modules/.bin/openapi-typescript "$document" --default-non-nullable=false -o "${1:-src/api/schema.d.ts}"
