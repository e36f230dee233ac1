/**
 * Starts a process in a pid namespace of its own. The kernel ends a namespace with its first process, whatever the
 * others did to hide: `setsid`, two forks, an empty environment. The chain is
 *
 *   worker ─▶ unshare (gets SIGKILL when the worker's thread ends) ─▶ init (gets SIGKILL when unshare ends) ─▶ step
 *
 * so that nothing of the step lives on when the worker is killed (L6), and unshare ends when the namespace is empty.
 * `init` is a shell that waits: the step itself must not be the first process of the namespace, for that one ignores
 * the signals that it does not handle. What it says of a step that was killed, and what the programs before it say
 * when they fail, comes on a pipe of its own; the step never sees that pipe.
 */

import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { constants } from "node:os";
import type { Readable, Writable } from "node:stream";
import type { Clock } from "@haversack/base";
import { endAll, type Grace, send } from "./end-processes.ts";
import { forgetting } from "./find-program.ts";
import { listProcesses, type ProcessRow } from "./process-table.ts";
import { exitOf, type ProcessExit, type ProcessSpec, type ProcessTree } from "./process-tree.ts";

/** Where the programs of the chain are: a step's own PATH has no say in it. */
export interface NamespaceTools {
  readonly setpriv: string;
  readonly unshare: string;
  readonly setsid: string;
  readonly sh: string;
  /** Of unshare: what it takes where the worker is not root. */
  readonly asUser: boolean;
}

/** Of what the chain says about itself; the rest is of no use. */
const wordsMax = 1000;

/** The programs that stand before a step's own; `stderrAt` is the descriptor of the step's stderr. */
function namespacePrefix(tools: NamespaceTools, stderrAt: number, forget: string): string[] {
  const user = tools.asUser ? ["--user", "--map-current-user"] : [];
  // A subshell is no leader of a group, so setsid does not fork: the step is what init waits for.
  const init = `${forget}(exec "$0" "$@" 2>&${stderrAt} ${stderrAt}>&-)`;
  const spaces = [...user, "--pid", "--fork", "--kill-child=SIGKILL", "--mount-proc"];
  const dieWithWorker = [tools.setpriv, "--pdeathsig", "KILL", "--"];
  return [...dieWithWorker, tools.unshare, ...spaces, "--", tools.sh, "-c", init, tools.setsid];
}

/**
 * As `startProcess`, for a program that is named by its path: a shell looks for it, and knows words of its own.
 * {@link ProcessTree.exit} resolves when nothing of the tree is left.
 */
export function startInNamespace(spec: ProcessSpec, clock: Clock, tools: NamespaceTools): ProcessTree {
  const duplex = spec.channel === "duplex";
  const stderrAt = duplex ? 4 : 3;
  const [first = "", ...rest] = namespacePrefix(tools, stderrAt, forgetting(spec.env));
  const options: SpawnOptions = {
    cwd: spec.cwd,
    env: Object.fromEntries(spec.env),
    detached: true,
    stdio: [duplex ? "pipe" : "ignore", "pipe", "pipe", "pipe", ...(duplex ? (["pipe"] as const) : [])],
  };
  const child = spawn(first, [...rest, ...spec.argv], options);
  const words = collected(child.stderr as Readable);
  const exit = Promise.all([exitOf(child), words]).then(([ended, said]) => truth(ended, said));
  return {
    pid: child.pid,
    stdout: child.stdout as Readable,
    stderr: child.stdio[stderrAt] as Readable,
    ...(duplex && { channel: { input: child.stdin as Writable, output: child.stdio[3] as Readable } }),
    exit,
    end: (grace) => endNamespace(child, clock, grace),
  };
}

/** Never rejects. */
async function collected(source: Readable): Promise<string> {
  let text = "";
  try {
    for await (const piece of source) if (text.length < wordsMax) text += String(piece);
  } catch {
    // Closed with its process: what came is what there is.
  }
  return text.trim();
}

const signalNames = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

/** A shell says 128 + the signal's number for a child that was killed, and a word; for one that exits so, no word. */
function truth(exit: ProcessExit, said: string): ProcessExit {
  if (exit.kind !== "exited" || exit.code === 0 || said === "") return exit;
  const signal = signalNames.get(exit.code - 128);
  if (signal !== undefined) return { kind: "killed", signal };
  return /(?:setpriv|unshare): /.test(said) ? { kind: "not-started", code: said } : exit;
}

/** Resolves once unshare has ended: the kernel lets it wait until the namespace is empty. */
async function endNamespace(child: ChildProcess, clock: Clock, grace: Grace): Promise<readonly number[]> {
  const { pid } = child;
  if (pid === undefined) return [];
  let init: number | undefined;
  const find = (): readonly ProcessRow[] => {
    if (child.exitCode !== null || child.signalCode !== null) return [];
    const rows = listProcesses();
    init ??= rows.find((row) => row.parent === pid)?.pid;
    const below = init === undefined ? [] : descendants(rows, init);
    // Until the step is there, or when it has just gone, the chain itself is what is left.
    return below.length > 0 ? below : rows.filter((row) => row.pid === (init ?? pid) || row.pid === pid);
  };
  // The kernel ends all of a namespace with its init; without one yet, unshare is all that there is.
  const kill = (): void => void send(init ?? pid, "SIGKILL");
  // One that has an init ends by itself, with the exit code of the step.
  const isSpared = (row: ProcessRow): boolean => row.pid === pid && init !== undefined;
  return endAll({ find, kill, isSpared, clock, grace });
}

/** All below a process; the process itself is not among them. */
function descendants(rows: readonly ProcessRow[], top: number): ProcessRow[] {
  const childrenOf = Map.groupBy(rows, (row) => row.parent);
  const below: ProcessRow[] = [...(childrenOf.get(top) ?? [])];
  // Grows while it is walked; ends, for each row has one parent.
  for (const row of below) below.push(...(childrenOf.get(row.pid) ?? []));
  return below;
}
