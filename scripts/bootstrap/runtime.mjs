// The Node that runs the sources: type stripping and the libraries need 24 or later.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { problem } from "./problem.mjs";

const nodeMajorMin = 24;
const platforms = ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64"];
const platform = `${process.platform}-${process.arch}`;

const bundledPath = (root) => join(root, "node_modules", ".bin", "node");

/** `there`, `missing`, or `none` for a platform that npm has no Node for. */
export function hasBundledNode(root) {
  if (existsSync(bundledPath(root))) return "there";
  return platforms.includes(platform) ? "missing" : "none";
}

/** The path of a Node that can run the sources. */
export function chooseNode(root) {
  const bundled = bundledPath(root);
  const tried = existsSync(bundled) ? versionOf(bundled) : { why: "it is not installed" };
  if (tried.major >= nodeMajorMin) return bundled;
  const own = Number(process.versions.node.split(".")[0]);
  if (own >= nodeMajorMin) return process.execPath;
  const why = platforms.includes(platform)
    ? `the Node that npm brings does not start here (${tried.why})`
    : `npm brings no Node for ${platform}`;
  throw problem(`${why}, and this one is ${process.version}. Install Node ${nodeMajorMin} or later.`);
}

function versionOf(node) {
  const { status, stdout, stderr, error } = spawnSync(node, ["--version"], {
    encoding: "utf8",
    timeout: 20_000,
  });
  if (status === 0)
    return { major: Number(stdout.replace(/^v/, "").split(".")[0]), why: `it is ${stdout.trim()}` };
  return { major: 0, why: (error?.message ?? stderr ?? "").trim().split("\n")[0] || `exit code ${status}` };
}
