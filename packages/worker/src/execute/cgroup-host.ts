/**
 * Control groups for steps: one folder for each process tree in every hierarchy that it needs, under a folder of this
 * worker. They bound what a tree takes (`memory`, `pids`, `cpu`) and end it whole, whatever its processes did to hide:
 * `cgroup.kill` of version 2, or the freezer of version 1, so that nothing forks while it is killed.
 */

import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { StepLimits } from "@haversack/protocol";
import { type CgroupPlace, readPlaces } from "./cgroup-places.ts";
import { send } from "./end-processes.ts";

export interface CgroupHost {
  readonly canEnd: boolean;
  readonly canLimit: boolean;
  /** A group for one process tree. Throws when the host does not let us after all. */
  create(use: { readonly ends: boolean; readonly limits?: StepLimits }): Cgroup;
  /** Ends and removes every group of earlier starts of this worker; to be called until all is gone. */
  clear(): { readonly processes: number; readonly isGone: boolean };
}

export interface Cgroup {
  /** A process enters by writing 0 to each of these. */
  readonly entrances: readonly string[];
  members(): readonly number[];
  kill(): void;
  /** The kernel ended something, or refused to start something, because of this limit. */
  exceeded(): "memory" | "pids" | undefined;
  /** Whether it is gone: a group with a process in it stays. */
  remove(): boolean;
}

const controllers = ["memory", "pids", "cpu"] as const;
const cpuPeriodUs = 100_000;

export function openCgroups(workerId: string, places: readonly CgroupPlace[] = readPlaces()): CgroupHost {
  const name = `haversack.${workerId}`;
  const unified = places.find(({ version }) => version === 2);
  const inUnified = unified === undefined ? undefined : usable(join(unified.folder, name));
  const inOld = (controller: string): string | undefined => {
    const place = places.find(({ version, controllers: own }) => version === 1 && own.includes(controller));
    return place === undefined ? undefined : usable(join(place.folder, name));
  };
  const isOne = unified !== undefined && inUnified !== undefined && delegates(unified.folder);
  const limiting =
    isOne && inUnified !== undefined ? [inUnified] : controllers.flatMap((each) => inOld(each) ?? []);
  const ending = inUnified !== undefined && knowsKill(inUnified) ? inUnified : inOld("freezer");
  const parents = new Set([...(ending === undefined ? [] : [ending]), ...limiting]);
  let made = 0;
  return {
    canEnd: ending !== undefined,
    canLimit: isOne || limiting.length === controllers.length,
    create({ ends, limits }) {
      made += 1;
      const used = [...parents].filter(
        (parent) => (ends && parent === ending) || (limits !== undefined && limiting.includes(parent)),
      );
      if (isOne && limits !== undefined) for (const parent of limiting) handDown(parent);
      return makeGroup(
        used.map((parent) => join(parent, String(made))),
        limits,
      );
    },
    clear() {
      const left = [...parents].filter((parent) => existsSync(parent)).map((parent) => groupAt([parent]));
      const pids = new Set(left.flatMap((group) => [...group.members()]));
      for (const group of left) group.kill();
      const gone = left.map((group) => group.remove());
      return { processes: pids.size, isGone: gone.every(Boolean) };
    },
  };
}

/** A folder where we may make groups; undefined where we may not. What an earlier start left in it stays for now. */
function usable(folder: string): string | undefined {
  try {
    mkdirSync(folder, { recursive: true });
    removeEmpty(folder);
    return folder;
  } catch {
    return undefined;
  }
}

/** Whether groups made there can be killed at once: every group but the root has the file. */
function knowsKill(folder: string): boolean {
  mkdirSync(folder, { recursive: true });
  const knows = existsSync(join(folder, "cgroup.kill"));
  removeEmpty(folder);
  return knows;
}

/**
 * Version 2 gives controllers only to the children of a group without processes: the worker itself steps aside into a
 * group of its own. Whether that is allowed, and enough, shows only by doing it.
 */
function delegates(own: string): boolean {
  const available = textOf(join(own, "cgroup.controllers")).trim().split(" ");
  if (!controllers.every((name) => available.includes(name))) return false;
  if (handDown(own)) return true;
  const aside = usable(join(own, "haversack-worker"));
  if (aside === undefined) return false;
  mkdirSync(aside, { recursive: true });
  return writes(join(aside, "cgroup.procs"), "0") && handDown(own);
}

/** Lets the groups below have the controllers. */
function handDown(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true });
  } catch {
    return false;
  }
  return writes(join(folder, "cgroup.subtree_control"), controllers.map((name) => `+${name}`).join(" "));
}

function makeGroup(folders: readonly string[], limits: StepLimits | undefined): Cgroup {
  const group = groupAt(folders);
  try {
    for (const folder of folders) {
      mkdirSync(folder, { recursive: true });
      if (limits !== undefined) bound(folder, limits);
    }
  } catch (error) {
    group.remove();
    throw error;
  }
  return group;
}

/** Writes what the folder has a file for: in version 1 each controller has a folder of its own. */
function bound(folder: string, { memoryBytes, pids, cpuMillis }: StepLimits): void {
  const set = (file: string, value: string): void => {
    if (existsSync(join(folder, file))) writeFileSync(join(folder, file), value);
  };
  if (memoryBytes !== undefined) {
    set("memory.max", String(memoryBytes));
    set("memory.swap.max", "0");
    set("memory.oom.group", "1");
    set("memory.limit_in_bytes", String(memoryBytes));
    set("memory.memsw.limit_in_bytes", String(memoryBytes));
  }
  if (pids !== undefined) set("pids.max", String(pids));
  if (cpuMillis === undefined) return;
  const quota = String((cpuMillis * cpuPeriodUs) / 1000);
  set("cpu.max", `${quota} ${cpuPeriodUs}`);
  set("cpu.cfs_period_us", String(cpuPeriodUs));
  set("cpu.cfs_quota_us", quota);
}

function groupAt(folders: readonly string[]): Cgroup {
  const members = (): number[] => [
    ...new Set(
      folders.flatMap((folder) => nested(folder).flatMap((each) => numbersIn(join(each, "cgroup.procs")))),
    ),
  ];
  const killAll = (): void => {
    for (const pid of members()) send(pid, "SIGKILL");
  };
  return {
    entrances: folders.map((folder) => join(folder, "cgroup.procs")),
    members,
    kill() {
      const root = folders.find((folder) => existsSync(join(folder, "cgroup.kill")));
      if (root !== undefined && writes(join(root, "cgroup.kill"), "1")) return;
      const frozen = folders.find((folder) => writesTo(join(folder, "freezer.state"), "FROZEN"));
      killAll();
      if (frozen !== undefined) writes(join(frozen, "freezer.state"), "THAWED");
    },
    exceeded() {
      const count = (file: string, key: string): number =>
        Math.max(0, ...folders.map((folder) => countIn(join(folder, file), key)));
      if (count("memory.events", "oom_kill") > 0 || count("memory.oom_control", "oom_kill") > 0)
        return "memory";
      return count("pids.events", "max") > 0 ? "pids" : undefined;
    },
    remove() {
      const gone = folders.map(removed);
      // The last one takes the worker's folder with it.
      for (const folder of folders) removeEmpty(dirname(folder));
      return gone.every(Boolean);
    },
  };
}

/** A folder and those below it, for a step may make groups too; the deepest last. */
function nested(folder: string): string[] {
  const all = [folder];
  // Grows while it is walked; groups form a tree.
  for (const each of all) {
    try {
      const below = readdirSync(each, { withFileTypes: true }).filter((entry) => entry.isDirectory());
      all.push(...below.map((entry) => join(each, entry.name)));
    } catch {
      // Gone meanwhile.
    }
  }
  return all;
}

function removed(folder: string): boolean {
  for (const each of nested(folder).toReversed()) removeEmpty(each);
  return !existsSync(folder);
}

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // It is gone, or something is in it.
  }
}

const writesTo = (file: string, text: string): boolean => existsSync(file) && writes(file, text);

function writes(file: string, text: string): boolean {
  try {
    writeFileSync(file, text);
    return true;
  } catch {
    return false;
  }
}

const textOf = (file: string): string => {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
};

const numbersIn = (file: string): number[] => textOf(file).split("\n").filter(Boolean).map(Number);
const countIn = (file: string, key: string): number =>
  Number(new RegExp(`^${key} (\\d+)$`, "m").exec(textOf(file))?.[1] ?? 0);
