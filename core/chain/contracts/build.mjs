// Compiles the contracts beside this file into artifacts: `node build.mjs OUTPUT_FOLDER`.
// The output depends on the sources, the pinned compiler and the settings alone, so that anyone can reproduce it.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2];
if (!out) {
  console.error("Say where to write the artifacts: node build.mjs OUTPUT_FOLDER");
  process.exit(2);
}
const solc = createRequire(import.meta.url)("solc");
const sha256 = (text) => createHash("sha256").update(text).digest("hex");

const contracts = ["Coin", "Sale", "Leases", "Trials", "Court"];
const own = [...contracts, "ISale", "IVault", "Vault", "ILeases", "ITrials", "ICourt"].map((name) => `${name}.sol`);
const hashes = {};
const read = (path) => {
  const text = readFileSync(path.startsWith("@") ? join(here, "node_modules", path) : join(here, path), "utf8");
  hashes[path] = sha256(text);
  return text;
};
const settings = {
  // One artifact for Ethereum and Ethereum Classic; see docs/contracts.md.
  evmVersion: "london",
  optimizer: { enabled: true, runs: 5000 },
  viaIR: true,
  metadata: { bytecodeHash: "none", appendCBOR: false },
  outputSelection: { "*": { "*": ["abi", "evm.bytecode.object", "metadata"] } },
};
const input = {
  language: "Solidity",
  sources: Object.fromEntries(own.map((path) => [path, { content: read(path) }])),
  settings,
};
const output = JSON.parse(
  solc.compile(JSON.stringify(input), {
    import: (path) => {
      try {
        return { contents: read(path) };
      } catch (problem) {
        return { error: String(problem) };
      }
    },
  }),
);
const serious = (output.errors ?? []).filter((problem) => problem.severity === "error" && !problem.formattedMessage.includes("--> @openzeppelin/"));
for (const problem of serious) console.error(problem.formattedMessage);
if (serious.length) process.exit(1);

mkdirSync(out, { recursive: true });
for (const name of contracts) {
  const compiled = output.contracts[`${name}.sol`][name];
  const used = Object.keys(JSON.parse(compiled.metadata).sources).sort();
  const artifact = {
    contract: name,
    compiler: solc.version(),
    evmVersion: settings.evmVersion,
    optimizerRuns: settings.optimizer.runs,
    sourcesSha256: Object.fromEntries(used.map((path) => [path, hashes[path]])),
    abi: compiled.abi,
    bytecode: `0x${compiled.evm.bytecode.object}`,
  };
  writeFileSync(join(out, `${name}.json`), `${JSON.stringify(artifact, null, 1)}\n`);
}
