#!/usr/bin/env node
// `npm start`, `npm test`, `npm run bench` and `npm run chaos` begin here. Plain JavaScript: any Node >= 20 runs it, installed or not.
//
//   1. installed?    package-lock.json against what npm says it installed; if they differ, `npm ci`   install.mjs
//   2. which Node?   the one that npm brought (the sources need >= 24), else this one if it will do   runtime.mjs
//   3. the page      built from its sources when they have changed                                  dashboard.mjs
//   4. run           the real command with it; signals go in, the exit code comes out                 run.mjs

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const [major] = process.versions.node.split(".").map(Number);
if (major < 20) {
  console.error(
    `haversack needs Node 20 or later to install itself; this is ${process.version} (${process.execPath}).\n` +
      "Install a newer one, for example from https://nodejs.org, and try again.",
  );
  process.exit(7);
}

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const commands = {
  start: [join(root, "packages", "cli", "src", "main.ts"), "start"],
  test: [join(root, "node_modules", "vitest", "vitest.mjs"), "run"],
  bench: [join(root, "bench", "main.ts")],
  chaos: [join(root, "tests", "chaos", "main.ts")],
};

const [name = "", ...args] = process.argv.slice(2);
if (!Object.hasOwn(commands, name)) {
  console.error(`usage: node scripts/bootstrap.mjs ${Object.keys(commands).join("|")} [arguments]`);
  process.exit(2);
}

const { install } = await import("./bootstrap/install.mjs");
const { chooseNode } = await import("./bootstrap/runtime.mjs");
const { buildDashboard } = await import("./bootstrap/dashboard.mjs");
const { run } = await import("./bootstrap/run.mjs");
try {
  await install(root);
  const node = chooseNode(root);
  if (name === "start" || name === "test") await buildDashboard(root, node);
  process.exitCode = await run(node, [...commands[name], ...args], root);
} catch (error) {
  if (!error?.forPeople) throw error;
  console.error(`haversack: ${error.message}`);
  process.exitCode = error.exitCode ?? 7;
}
