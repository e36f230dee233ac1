// Generated code is current: generates it anew into a temporary folder and compares.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const generated = "packages/protocol/src/gen";
const bin = join(root, "node_modules", ".bin");
const fresh = mkdtempSync(join(tmpdir(), "haversack-proto-"));
try {
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH ?? ""}` };
  execFileSync(join(bin, "buf"), ["generate", "--output", fresh], {
    cwd: root,
    env,
    stdio: ["ignore", "inherit", "inherit"],
  });
  const differences = compare(filesIn(join(root, generated)), filesIn(join(fresh, generated)));
  if (differences.length > 0) {
    console.error(
      `generated code is not current; run \`npm run proto:generate\`:\n${differences.join("\n")}`,
    );
    process.exitCode = 1;
  } else {
    console.log("generated code is current");
  }
} finally {
  rmSync(fresh, { recursive: true, force: true });
}

/** Text by path. */
function filesIn(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  if (entries.length === 0) throw new Error(`${folder} is empty`);
  return new Map(
    entries.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(folder.length + 1), readFileSync(path, "utf8")];
    }),
  );
}

function compare(committed, fresh) {
  const paths = [...new Set([...committed.keys(), ...fresh.keys()])].toSorted((a, b) => (a < b ? -1 : 1));
  return paths
    .filter((path) => committed.get(path) !== fresh.get(path))
    .map(
      (path) =>
        `  ${path} ${committed.has(path) ? (fresh.has(path) ? "differs" : "has no source") : "is missing"}`,
    );
}
