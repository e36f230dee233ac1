// No change of the contract breaks a peer that is deployed: `buf breaking` against what was there before.
//
// "Before" is where this branch left main, or on main itself the commit before this one; and this commit, too, when
// the working tree has changes of its own. Without an earlier contract there is nothing to break.

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
// The modules of other projects in buf.yaml are not ours to break, and an old commit has no node_modules.
const config = "version: v2\nmodules:\n  - path: proto\nbreaking:\n  use: [WIRE_JSON]\n";
const folder = mkdtempSync(join(tmpdir(), "haversack-breaking-"));
try {
  const now = module("now", (to) => cpSync(join(root, "proto"), to, { recursive: true }));
  const earlier = earlierCommits();
  if (earlier.length === 0)
    console.log("there is no earlier contract in the history: nothing to compare with");
  for (const commit of earlier) {
    const before = module(commit, (to) => extract(commit, to));
    execFileSync(join(root, "node_modules", ".bin", "buf"), ["breaking", now, "--against", before], {
      stdio: "inherit",
    });
    console.log(`the contract breaks nothing since ${commit.slice(0, 12)}`);
  }
} catch (error) {
  if (error.status === undefined) throw error;
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function module(name, fill) {
  const to = join(folder, name);
  mkdirSync(join(to, "proto"), { recursive: true });
  writeFileSync(join(to, "buf.yaml"), config);
  fill(join(to, "proto"));
  return to;
}

function earlierCommits() {
  const head = git("rev-parse", "--verify", "HEAD^{commit}");
  const main =
    git("rev-parse", "--verify", "origin/main^{commit}") ?? git("rev-parse", "--verify", "main^{commit}");
  const left = main === undefined ? undefined : git("merge-base", "HEAD", main);
  const before = left !== undefined && left !== head ? left : git("rev-parse", "--verify", "HEAD~1^{commit}");
  const found = [before, head].filter(
    (commit) => commit !== undefined && git("cat-file", "-e", `${commit}:proto`) === "",
  );
  return [...new Set(found)];
}

/** What git says, or undefined when it fails. */
function git(...args) {
  try {
    return execFileSync("git", args, {
      cwd: root,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return undefined;
  }
}

function extract(commit, to) {
  const archive = execFileSync("git", ["archive", "--format=tar", `${commit}:proto`], {
    cwd: root,
    maxBuffer: 2 ** 26,
  });
  execFileSync("tar", ["-x", "-C", to], { input: archive });
}
