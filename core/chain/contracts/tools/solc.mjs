#!/usr/bin/env node
// npm's solc behind the two options of the native compiler that forge uses: --version and --standard-json.
import { readFileSync, writeSync } from "node:fs";
import { createRequire } from "node:module";

const solc = createRequire(import.meta.url)("solc");

// A pipe takes what fits and process exit drops the rest of an asynchronous write, so this writes until all is out.
function say(text) {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at);
    } catch (problem) {
      if (problem.code !== "EAGAIN") throw problem;
    }
  }
}

if (process.argv.includes("--version")) {
  say(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}\n`);
} else if (process.argv.includes("--standard-json")) {
  say(solc.compile(readFileSync(0, "utf8")));
} else {
  console.error("solc.mjs answers --version and --standard-json only");
  process.exit(2);
}
