// Builds the web page when what it is made of has changed: known by a digest, for times say little after a checkout.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ended } from "./ended.mjs";
import { withInstallLock } from "./lock.mjs";

const outputCharactersMax = 8000;
/** All that a page can be made of: files, and folders of sources. */
const files = [
  "package-lock.json",
  "packages/dashboard/index.html",
  "packages/dashboard/vite.config.ts",
  "packages/protocol/package.json",
  "packages/base/package.json",
];
const folders = ["packages/dashboard/src", "packages/protocol/src", "packages/base/src"];

/** A page that cannot be built is told, and keeps nothing else from starting. @param anew also when it is current */
export async function buildDashboard(root, node, { anew = false } = {}) {
  if (!anew && isCurrent(root)) return;
  await withInstallLock(root, async (alsoHeldBy) => {
    // Somebody else may have done it while this process waited.
    if (!anew && isCurrent(root)) return;
    const { code, output } = await build(root, node, alsoHeldBy);
    if (code === 0) return;
    console.error(`haversack: the web page could not be built (exit code ${code})\n${output.trimEnd()}`);
    if (anew) process.exitCode = 1;
  });
}

const folder = (root) => join(root, "packages", "dashboard", "dist");
const mark = ".digest";

function isCurrent(root) {
  const file = join(folder(root), mark);
  return existsSync(file) && readFileSync(file, "utf8") === digestOfSources(root);
}

function digestOfSources(root) {
  const inside = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => /\.(tsx?|css|svg)$/.test(name) && !name.endsWith(".test.ts"))
      .map((name) => `${folder}/${name}`),
  );
  const hash = createHash("sha256");
  for (const path of [...files, ...inside].toSorted((a, b) => (a < b ? -1 : 1))) {
    const bytes = readFileSync(join(root, path));
    hash.update(`${path}\n${bytes.length}\n`).update(bytes);
  }
  return hash.digest("hex");
}

/** Beside what is there, then in place of it: whoever starts meanwhile finds a whole page. */
async function build(root, node, onStart) {
  const fresh = `${folder(root)}.${process.pid}`;
  const digest = digestOfSources(root);
  const vite = join(root, "node_modules", "vite", "bin", "vite.js");
  const args = [vite, "build", "--logLevel", "warn", "--emptyOutDir", "--outDir", fresh];
  const result = await spawned(node, args, join(root, "packages", "dashboard"), onStart);
  if (result.code === 0) {
    writeFileSync(join(fresh, mark), digest);
    rmSync(folder(root), { recursive: true, force: true });
    renameSync(fresh, folder(root));
  }
  rmSync(fresh, { recursive: true, force: true });
  return result;
}

function spawned(node, args, cwd, onStart) {
  const child = spawn(node, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
  return ended(child, { charactersMax: outputCharactersMax, onStart }).catch(({ code, message: output }) => ({
    code,
    output,
  }));
}
