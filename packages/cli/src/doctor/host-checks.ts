/** What a coordinator or a worker needs of the machine it runs on. */

import { open, readFile, rm, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Outside } from "../outside.ts";
import { type Check, type Finding, ok, problem, warning } from "./check.ts";

/** As in haversack.mjs. */
const nodeMajorMin = 24;
const filesMin = 4096;
const mib = 1024 * 1024;
/** Below the first a coordinator takes no submissions and is not ready. */
const diskProblemBytes = 512 * mib;
const diskWarningBytes = 2048 * mib;
const fsyncs = 16;
/** A flush that takes longer makes every transition slow. */
const fsyncWarningMs = 20;

export interface HostAsked {
  readonly outside: Outside;
  /** Where the data lies, or will lie. */
  readonly dataDir: string;
  /** `v26.10.0` */
  readonly nodeVersion: string;
}

export const hostChecks = ({ outside, dataDir, nodeVersion }: HostAsked): readonly Check[] => [
  { name: "node", look: async () => node(nodeVersion) },
  { name: "disk space", look: async () => diskSpace(await nearest(dataDir)) },
  { name: "disk flush", look: () => diskFlush(dataDir, outside) },
  { name: "file descriptors", look: async () => files(await readFile("/proc/self/limits", "utf8")) },
];

export function node(version: string): Finding {
  const major = Number(/^v?(\d+)\./.exec(version)?.[1] ?? 0);
  if (major >= nodeMajorMin) return ok(version);
  return problem(version, `use the Node that npm installed: npx haversack, or Node ${nodeMajorMin}`);
}

async function diskSpace(folder: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const found = `${Math.floor(free / mib)} MiB are free at ${folder}`;
  if (free < diskProblemBytes) return problem(found, "make room: a coordinator is not ready below 512 MiB");
  if (free < diskWarningBytes) return warning(found, "make room before it becomes less than 512 MiB");
  return ok(found);
}

/** As a commit does it: write, then flush. */
async function diskFlush(dataDir: string, { clock, random }: Outside): Promise<Finding> {
  const folder = await nearest(dataDir);
  const path = join(folder, `.haversack-doctor-${random.id()}`);
  const times: number[] = [];
  try {
    const file = await open(path, "wx", 0o600);
    try {
      for (let round = 0; round < fsyncs; round++) {
        await file.write(Buffer.alloc(4096, round), 0, 4096, 0);
        const began = clock.monotonic();
        await file.datasync();
        times.push(clock.monotonic() - began);
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    return problem(
      `cannot write in ${folder}: ${String(error)}`,
      "give this user a data folder of its own: --data",
    );
  } finally {
    await rm(path, { force: true });
  }
  const median = times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
  const found = `a flush takes ${median.toFixed(2)} ms at ${folder}`;
  if (median <= fsyncWarningMs) return ok(found);
  return warning(found, "every transition waits for one: put the data folder on a faster disk");
}

/** @param limits the text of /proc/self/limits */
export function files(limits: string): Finding {
  const [, soft = "", hard = ""] = /^Max open files\s+(\S+)\s+(\S+)/m.exec(limits) ?? [];
  const found = `${soft} file descriptors (at most ${hard})`;
  if (soft === "unlimited" || Number(soft) >= filesMin) return ok(found);
  return warning(found, `raise it: LimitNOFILE=${filesMin * 16} in the systemd unit, or ulimit -n`);
}

/** The folder, or the nearest one above it that is there. */
async function nearest(folder: string): Promise<string> {
  try {
    await statfs(folder);
    return folder;
  } catch (error) {
    if (dirname(folder) === folder) throw error;
    return await nearest(dirname(folder));
  }
}
