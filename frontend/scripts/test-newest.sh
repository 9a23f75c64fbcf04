#!/bin/sh
# Types, demo and tests with React 19 and Mantine 9, in a copy that is removed afterwards; the lock file has 18 and 7.
set -eu
cd "$(dirname "$0")/.."
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
tar --exclude=node_modules --exclude=dist -cf - . | tar -xf - -C "$copy"
cd "$copy"
npm pkg set \
  devDependencies.react=19 devDependencies.react-dom=19 \
  devDependencies.@types/react=19 devDependencies.@types/react-dom=19 \
  devDependencies.@mantine/core=9 devDependencies.@mantine/hooks=9
npm install --ignore-scripts --no-audit --no-fund --loglevel=error
npm ls --depth=0 react @mantine/core
npm run typecheck
npm run build:demo
npm test
