/**
 * The processes of this Linux machine, as /proc shows them, and the question that matters: which of them belong to a
 * process that we started? A group kill misses what called `setsid`; a process carries its first environment for as
 * long as it lives, so a variable with a unique value (the marker) finds those too. What started with an empty
 * environment (`env -i`) is found through its parents while one of them lives, and afterwards by its remembered pid.
 */

import { readdirSync, readFileSync } from "node:fs";
import { pid as ownPid, platform } from "node:process";

export interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** Clock ticks since the machine started; together with the pid it names one process for ever. */
  readonly startedAt: number;
}

/** A process that leads its own group and session. */
export interface RootProcess {
  readonly pid: number;
  /** Clock ticks since the machine started; 0 where there is no /proc. */
  readonly startedAt: number;
  /** `NAME=value`, present in the environment of the process and unique to it. */
  readonly marker: string;
}

/** Whether {@link listProcesses} works here. */
export const hasProcessTable = platform === "linux";

/** One live process; undefined when it is gone or a zombie. */
export function readProcess(pid: number): ProcessRow | undefined {
  const text = readOrEmpty(`/proc/${pid}/stat`);
  // The name stands in parentheses and may itself hold spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, parent, group, session] = fields;
  if (fields.length < 20 || state === "Z" || state === "X") return undefined;
  return {
    pid,
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    startedAt: Number(fields[19]),
  };
}

/** Every live process but our own. */
export function listProcesses(): ProcessRow[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readProcess(Number(name)))
    .filter((row): row is ProcessRow => row !== undefined && row.pid !== ownPid);
}

/** Whether the first environment of a process held exactly this `NAME=value`. */
export function carriesMarker(pid: number, marker: string): boolean {
  return `\0${readOrEmpty(`/proc/${pid}/environ`)}`.includes(`\0${marker}\0`);
}

/** Whether the first environment of a process named this variable. */
export function carriesVariable(pid: number, name: string): boolean {
  return `\0${readOrEmpty(`/proc/${pid}/environ`)}`.includes(`\0${name}=`);
}

/** Live members of the family of `root`: its group, its session, what carries its marker, and all their children. */
export function findFamily(root: RootProcess, known: readonly ProcessRow[]): ProcessRow[] {
  const rows = listProcesses().filter((row) => row.startedAt >= root.startedAt);
  const leader = rows.find((row) => row.pid === root.pid);
  // The kernel gives a number out again only once no group or session has it; then the leader is somebody else.
  const numberIsOurs = leader === undefined || leader.startedAt === root.startedAt;
  const family = new Map<number, ProcessRow>();
  for (const row of rows) {
    const led = numberIsOurs && (row.group === root.pid || row.session === root.pid);
    const remembered = known.some((old) => old.pid === row.pid && old.startedAt === row.startedAt);
    if (led || remembered || carriesMarker(row.pid, root.marker)) family.set(row.pid, row);
  }
  return addChildren(family, rows);
}

function addChildren(family: Map<number, ProcessRow>, rows: readonly ProcessRow[]): ProcessRow[] {
  // Ends: each round adds at least one of finitely many rows.
  for (let size = -1; size !== family.size; ) {
    size = family.size;
    for (const row of rows) if (family.has(row.parent)) family.set(row.pid, row);
  }
  return [...family.values()];
}

/** A file of /proc goes away with its process, and that of another user is not readable: both are "nothing here". */
function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
