/**
 * Finds out whether a way of ending works here, by ending a small tree with it: a process that left group, session, environment
 * and parents, so that only the kernel still knows whose it is. It holds the tree's stdout, whose end is then its own.
 */

import { kill } from "node:process";
import type { Readable } from "node:stream";
import { messageOf, type Ports, pause } from "@haversack/base";
import type { ProcessSpec, ProcessTree } from "./process-tree.ts";

/** Bounds a probe. What a failed one leaves ends by itself. */
const probeMs = 2000;
const script = '(setsid env -i "$0" -c "echo ready; exec sleep 5" &); sleep 5';

/**
 * @param how `killParent`: the worker's own end is played, by killing what stands next to it; `end`: the tree is told to end
 * @returns undefined when it works, else why not
 */
export async function tryEnding(
  start: (spec: ProcessSpec) => ProcessTree,
  { clock, random }: Ports,
  { sh, path, how }: { readonly sh: string; readonly path: string; readonly how: "killParent" | "end" },
): Promise<string | undefined> {
  const marker = "HAVERSACK_PROBE";
  const env = new Map([
    ["PATH", path],
    [marker, random.id()],
  ]);
  const over = new AbortController();
  const late = pause(clock, probeMs, over.signal).then(
    () => "it took too long",
    () => undefined,
  );
  try {
    const tree = start({ argv: [sh, "-c", script, sh], cwd: "/", env, markedBy: marker, channel: "none" });
    const words = textOf(tree.stderr);
    const problem = await Promise.race([tryTree(tree, how), late]);
    await tree.end(0);
    return problem === undefined ? undefined : `${problem} ${await Promise.race([words, late])}`.trim();
  } catch (error) {
    return messageOf(error);
  } finally {
    over.abort();
  }
}

async function tryTree(tree: ProcessTree, how: "killParent" | "end"): Promise<string | undefined> {
  let isReady = false;
  for await (const _ of tree.stdout) {
    if (isReady) continue;
    isReady = true;
    if (how === "killParent" && tree.pid !== undefined) kill(tree.pid, "SIGKILL");
    else await tree.end(0);
  }
  if (isReady) return undefined;
  const exit = await tree.exit;
  return exit.kind === "not-started"
    ? exit.code
    : `it ended before it could be tried (${JSON.stringify(exit)})`;
}

async function textOf(source: Readable): Promise<string> {
  let text = "";
  for await (const piece of source) text += String(piece);
  return text.trim().slice(0, 200);
}
