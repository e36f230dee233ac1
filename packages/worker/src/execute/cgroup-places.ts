/**
 * Where this process stands in the control groups of its host: version 2 (one hierarchy), version 1 (one for each
 * controller), or both. Pure but for `readPlaces`.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The group of this process in one hierarchy. */
export interface CgroupPlace {
  readonly version: 1 | 2;
  /** Of version 1: what the hierarchy is about. */
  readonly controllers: readonly string[];
  readonly folder: string;
}

export function readPlaces(): readonly CgroupPlace[] {
  try {
    return cgroupPlaces(
      readFileSync("/proc/self/mountinfo", "utf8"),
      readFileSync("/proc/self/cgroup", "utf8"),
    );
  } catch {
    return [];
  }
}

/**
 * @param mounts as in /proc/self/mountinfo
 * @param own as in /proc/self/cgroup
 */
export function cgroupPlaces(mounts: string, own: string): readonly CgroupPlace[] {
  const groups = own.split("\n").flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    return controllers === undefined || path === undefined
      ? []
      : [{ controllers: controllers.split(",").filter((name) => name !== ""), path }];
  });
  return mounts.split("\n").flatMap((line): CgroupPlace[] => {
    const [before = "", after = ""] = line.split(" - ");
    const [, , , root = "/", mountPoint = ""] = before.split(" ");
    const [kind, , options = ""] = after.split(" ");
    const flags = options.split(",");
    const group = groups.find(({ controllers }) =>
      kind === "cgroup2" ? controllers.length === 0 : controllers.some((name) => flags.includes(name)),
    );
    if (group === undefined || (kind !== "cgroup2" && kind !== "cgroup")) return [];
    // A container may see only the part of the tree that is its own.
    const path = root !== "/" && group.path.startsWith(root) ? group.path.slice(root.length) : group.path;
    const folder = join(mountPoint.replaceAll("\\040", " "), path).replace(/(.)\/$/, "$1");
    return [{ version: kind === "cgroup2" ? 2 : 1, controllers: group.controllers, folder }];
  });
}
