// Whether node_modules holds what package-lock.json asks for.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { hasBundledNode } from "./runtime.mjs";

/** Why an installation is needed, or undefined: none is. */
export function whyInstall(root) {
  const wanted = packagesOf(join(root, "package-lock.json"));
  if (wanted === undefined) throw new Error(`${join(root, "package-lock.json")} cannot be read`);
  // npm writes this file last, so an installation that was interrupted has none.
  const installed = packagesOf(join(root, "node_modules", ".package-lock.json"));
  if (installed === undefined) return "nothing is installed yet";
  for (const [path, entry] of Object.entries(wanted)) {
    if (!path.includes("node_modules/") || isSatisfied(root, path, entry, installed[path])) continue;
    return `${path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length)} is not as package-lock.json says`;
  }
  return hasBundledNode(root) === "missing" ? "the Node that comes along is missing" : undefined;
}

function isSatisfied(root, path, entry, installed) {
  if (entry.link) return existsSync(join(root, path, "package.json"));
  // Meant for another platform, or allowed to fail; the Node that matters is looked at on its own.
  if (installed === undefined) return entry.optional === true || entry.devOptional === true;
  return installed.version === entry.version && installed.integrity === entry.integrity;
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages;
  } catch {
    return undefined;
  }
}
