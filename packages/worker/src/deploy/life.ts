/** Whether a container lives, and what it left behind when it does not. */

import { stripVTControlCharacters } from "node:util";
import { FaultError, type Ms, messageOf, pause } from "@haversack/base";
import type { ContainerView } from "../runtime/container.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { noContainer } from "../runtime/runtime-faults.ts";
import { launchCodes } from "./fallback.ts";
import type { Deploy } from "./parts.ts";

const lookMs: Ms = 250;
const linesMax = 20;
const textMax = 4096;

type Looking = Pick<Deploy, "runtime" | "ports" | "signal">;

/** Resolves after `ms` if its process 1 lived all the while; rejects at once with how it ended. */
export async function livesFor(deploy: Looking, started: ContainerView, ms: Ms): Promise<void> {
  const { clock } = deploy.ports;
  const until = clock.monotonic() + ms;
  while (true) {
    await checkAlive(deploy, started);
    const left = until - clock.monotonic();
    if (left <= 0) return;
    await pause(clock, Math.min(lookMs, left), deploy.signal);
  }
}

/** Rejects with how it ended; one that the engine restarted meanwhile has ended too. */
export async function checkAlive({ runtime, signal }: Looking, started: ContainerView): Promise<void> {
  const view = await runtime.inspect(started.id, signal);
  if (view === undefined) throw noContainer(started.name);
  const isSame = started.startedAt === undefined || view.startedAt === started.startedAt;
  if (view.state === "running" && isSame) return;
  throw exitFault(view, await lastLines(runtime, view.id, signal));
}

/** The last lines of what it wrote, cleaned; empty when they cannot be had. */
export async function lastLines(runtime: Runtime, id: string, signal: AbortSignal): Promise<string> {
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of runtime.logs(id, { tail: linesMax, follow: false }, signal)) pieces.push(piece);
  } catch (error) {
    return `(its log cannot be read: ${messageOf(error).slice(0, 200)})`;
  }
  return cleanLines(Buffer.concat(pieces).toString("utf8"));
}

// oxlint-disable-next-line no-control-regex -- control characters are what it finds
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]+/g;

/** What a container wrote is text of strangers: no control characters, and not without end. */
export function cleanLines(text: string): string {
  const lines = stripVTControlCharacters(text).split(/\r\n|\r|\n/);
  const cleaned = lines.map((line) => line.replace(controls, " ").trimEnd());
  return cleaned.join("\n").trim().split("\n").slice(-linesMax).join("\n").slice(-textMax);
}

/** Such as `exit code 3`. */
function exitText({ state, exitCode, oomKilled }: ContainerView): string {
  if (state === "running") return "it ended and was started again";
  if (exitCode === undefined) return "it ended";
  if (oomKilled === true) return `it was killed (${exitCode}), out of memory`;
  if (exitCode === 137) return "it was killed (137), perhaps out of memory";
  return exitCode > 128 ? `it was ended by signal ${exitCode - 128}` : `it ended with exit code ${exitCode}`;
}

/** What the kernel says through the engine when a program is of another architecture: all that there is in the log. */
const execFormat = /^(?:standard_init_linux\S*:? |exec(?:v[pe]*)? )[^\n]*exec format error$/i;

function exitFault(view: ContainerView, lines: string): FaultError {
  const code = execFormat.test(lines) ? launchCodes.execFormat : launchCodes.exited;
  const words = lines === "" ? "; it wrote nothing" : `; it wrote last:\n${lines}`;
  return new FaultError(
    "unavailable",
    code,
    `the container ${view.name} did not stay up: ${exitText(view)}${words}`,
  );
}
