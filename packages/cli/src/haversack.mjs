#!/usr/bin/env node
// The `haversack` command. The sources need Node >= 24: an older one hands over to the Node that npm brought along.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join, parse } from "node:path";
import { fileURLToPath } from "node:url";

const nodeMajorMin = 24;
const here = dirname(fileURLToPath(import.meta.url));

if (Number(process.versions.node.split(".")[0]) >= nodeMajorMin) {
  await import("./main.ts");
} else {
  const node = bundledNode(here);
  if (node === undefined) {
    console.error(
      `haversack needs Node ${nodeMajorMin} or later; this is ${process.version}, and the one that comes along is not ` +
        "installed.\nRun `npm ci --ignore-scripts` in the checkout, or start it with `npx haversack`.",
    );
    process.exit(7);
  }
  handOver(node);
}

/** The first `node_modules/.bin/node` on the way up. */
function bundledNode(folder) {
  for (let at = folder; ; at = dirname(at)) {
    const candidate = join(at, "node_modules", ".bin", "node");
    if (existsSync(candidate)) return candidate;
    if (at === parse(at).root) return undefined;
  }
}

function handOver(node) {
  const child = spawn(node, [join(here, "main.ts"), ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"])
    process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    console.error(`haversack: ${node} does not start: ${error.message}`);
    process.exit(7);
  });
  child.on("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}
