// Prints the compressed size of the package's own code and fails above the limit. Peer packages do not count.
import { readFileSync, readdirSync } from "node:fs";
import { gzipSync } from "node:zlib";

const LIMIT = 20 * 1000;
const dist = new URL("../dist/", import.meta.url);
const files = readdirSync(dist).filter((name) => name.endsWith(".js"));
if (files.length === 0) throw new Error("dist/ holds no code. Run `npm run build` first.");

const sizes = files.map((name) => [name, gzipSync(readFileSync(new URL(name, dist))).length]);
for (const [name, size] of sizes) console.log(`${name}: ${size} bytes gzipped`);
const total = sizes.reduce((sum, [, size]) => sum + size, 0);
console.log(`Own code: ${(total / 1000).toFixed(1)} kB of at most ${LIMIT / 1000} kB`);
if (total > LIMIT) process.exit(1);
