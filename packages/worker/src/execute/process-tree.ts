/**
 * Starts a process in a group and session of its own, and ends it together with everything that it started: SIGTERM
 * first, SIGKILL after the grace, and then a look whether anything is left (C1, L6). Where there is no /proc, the group
 * is all that is known of the family.
 *
 * Not found: a process that left the group, dropped its environment and lost its parent before the end began
 * (`env -i setsid` from a double fork). Only a pid namespace (`pid-namespace.ts`) or a cgroup (`cgroup-tree.ts`) ends that one.
 */

import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { type Clock, pause, systemCodeOf } from "@haversack/base";
import { endAll, type Grace, killWaitMs, msOf, never, pollMs, send } from "./end-processes.ts";
import {
  carriesMarker,
  carriesVariable,
  findFamily,
  hasProcessTable,
  listProcesses,
  type ProcessRow,
  type RootProcess,
  readProcess,
} from "./process-table.ts";

export interface ProcessSpec {
  /** The program and its arguments; nothing of it is read by a shell. */
  readonly argv: readonly string[];
  readonly cwd: string;
  /** The whole environment: nothing is inherited. */
  readonly env: ReadonlyMap<string, string>;
  /** Name of the variable in `env` whose value no other process of this machine has. */
  readonly markedBy: string;
  /** `duplex` opens stdin and, as descriptor 3, a pipe from the process; else stdin is /dev/null. */
  readonly channel: "none" | "duplex";
}

/** How the first process of a tree ended. */
export type ProcessExit =
  | { readonly kind: "exited"; readonly code: number }
  | { readonly kind: "killed"; readonly signal: string }
  | { readonly kind: "not-started"; readonly code: string };

export interface ProcessTree {
  /** Of the process next to us; undefined when it was not started. */
  readonly pid: number | undefined;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Only with a `duplex` channel. */
  readonly channel?: { readonly input: Writable; readonly output: Readable };
  /** Never rejects. Its children may still run. */
  readonly exit: Promise<ProcessExit>;
  /**
   * Ends what is left of the tree; safe when nothing is. Resolves, with none, once no process is left, or with those
   * that outlived SIGKILL by 20 s (stuck in the kernel, or of another user). Never rejects.
   */
  end(graceMs: Grace): Promise<readonly number[]>;
}

/** Never throws: what cannot be started shows as `not-started` in {@link ProcessTree.exit}. */
export function startProcess(spec: ProcessSpec, clock: Clock): ProcessTree {
  const duplex = spec.channel === "duplex";
  const options: SpawnOptions = {
    cwd: spec.cwd,
    env: Object.fromEntries(spec.env),
    detached: true,
    stdio: duplex ? ["pipe", "pipe", "pipe", "pipe"] : ["ignore", "pipe", "pipe"],
  };
  const [program = "", ...args] = spec.argv;
  const child = spawn(program, args, options);
  const exit = exitOf(child);
  const root: RootProcess | undefined =
    child.pid === undefined
      ? undefined
      : {
          pid: child.pid,
          // Read before the event loop can reap the child, so the number is still its own.
          startedAt: readProcess(child.pid)?.startedAt ?? 0,
          marker: `${spec.markedBy}=${spec.env.get(spec.markedBy) ?? ""}`,
        };
  return {
    pid: child.pid,
    stdout: child.stdout as Readable,
    stderr: child.stderr as Readable,
    ...(duplex && {
      channel: { input: child.stdin as Writable, output: child.stdio[3] as Readable },
    }),
    exit,
    end: async (graceMs) => (root === undefined ? [] : endFamily(root, clock, graceMs)),
  };
}

/** How a child that was just started ends. */
export function exitOf(child: ChildProcess): Promise<ProcessExit> {
  const exit = Promise.withResolvers<ProcessExit>();
  child.once("error", (error) => {
    if (child.pid === undefined)
      exit.resolve({ kind: "not-started", code: systemCodeOf(error) ?? "unknown" });
  });
  child.once("exit", (code, signal) => {
    exit.resolve(signal === null ? { kind: "exited", code: code ?? 0 } : { kind: "killed", signal });
  });
  return exit.promise;
}

/**
 * Ends what an earlier boot of this worker left running. Call it before the worker takes any task: a process counts
 * when its environment names this worker and a fence. Answers how many there were. Linux only; elsewhere 0.
 */
export async function sweepOrphans(workerId: string, clock: Clock): Promise<number> {
  if (!hasProcessTable) return 0;
  const isOrphan = (row: ProcessRow): boolean =>
    carriesMarker(row.pid, `HAVERSACK_WORKER_ID=${workerId}`) && carriesVariable(row.pid, "HAVERSACK_FENCE");
  const orphans = listProcesses().filter(isOrphan);
  if (orphans.length === 0) return 0;
  const isLeft = (): ProcessRow[] => listProcesses().filter(isOrphan);
  await endAll({ find: isLeft, clock, grace: 0 });
  return orphans.length;
}

async function endFamily(root: RootProcess, clock: Clock, grace: Grace): Promise<readonly number[]> {
  if (!hasProcessTable) return endGroup(root, clock, grace);
  let known: readonly ProcessRow[] = [];
  const find = (): ProcessRow[] => {
    const family = findFamily(root, known);
    known = family;
    return family;
  };
  return endAll({ find, clock, grace });
}

/** Without a process table: the group is the family. */
async function endGroup(root: RootProcess, clock: Clock, grace: Grace): Promise<readonly number[]> {
  const begun = clock.monotonic();
  send(-root.pid, "SIGTERM");
  while (send(-root.pid, 0)) {
    const waited = clock.monotonic() - begun;
    const graceMs = msOf(grace);
    if (waited >= graceMs + killWaitMs) return [root.pid];
    if (waited >= graceMs) send(-root.pid, "SIGKILL");
    await pause(clock, pollMs.floor, never);
  }
  return [];
}
