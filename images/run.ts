/** Programs of the system that the pipeline needs: started with a clean environment, and told about in full when they fail. */

import { type ChildProcess, spawn } from "node:child_process";
import { FaultError } from "@haversack/base";
import { clockVariables } from "./other-clock.ts";

export interface RunOptions {
  readonly cwd?: string;
  /** Beside PATH and a neutral locale. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array;
  /** What it says goes to our standard error as well. */
  readonly isShown?: boolean;
  /** It removes what was made, and does so also while all else ends. */
  readonly isTidying?: boolean;
}

const outputMax = 64 * 1024 * 1024;
const tailLength = 4000;
/** So that neither a user's time zone, nor locale, nor mask decides what comes out. */
const neutral = { LC_ALL: "C.UTF-8", TZ: "UTC", HOME: "/nonexistent", DEBIAN_FRONTEND: "noninteractive" };

const running = new Set<ChildProcess>();
let isEnding = false;

/** Ends what runs, and lets nothing new start but what tidies up: whoever waits for it cleans up and fails. */
export function endPrograms(): void {
  isEnding = true;
  for (const child of running) child.kill("SIGTERM");
}

/** What the program wrote to standard output. Throws FaultError `program_failed` with the end of what it said. */
export async function run(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const env = {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin",
    ...neutral,
    ...clockVariables(),
    ...options.env,
  };
  const child = spawn(program, args, {
    env,
    stdio: "pipe",
    ...(options.cwd !== undefined && { cwd: options.cwd }),
  });
  if (options.isTidying !== true) {
    if (isEnding) child.kill("SIGTERM");
    running.add(child);
  }
  child.once("close", () => running.delete(child));
  const out: Buffer[] = [];
  const said: Buffer[] = [];
  let size = 0;
  const keep = (list: Buffer[]) => (data: Buffer) => {
    size += data.length;
    if (size > outputMax) child.kill("SIGKILL");
    else list.push(data);
    if (options.isShown === true) process.stderr.write(data);
  };
  child.stdout.on("data", keep(out));
  child.stderr.on("data", keep(said));
  child.stdin.on("error", () => {});
  child.stdin.end(options.input ?? "");
  const how = await new Promise<string | undefined>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code, signal) => resolve(code === 0 ? undefined : `ended with ${signal ?? code}`));
  });
  if (how === undefined) return Buffer.concat(out).toString();
  const tail = Buffer.concat([...out, ...said])
    .toString()
    .trim()
    .slice(-tailLength);
  throw new FaultError(
    "unavailable",
    "program_failed",
    `${program} ${args.join(" ").slice(0, 300)}: ${how}\n${tail}`,
  );
}

/** Throws FaultError `program_missing` that says what to install. */
export async function needPrograms(programs: Readonly<Record<string, string>>): Promise<void> {
  const missing: string[] = [];
  for (const [program, pkg] of Object.entries(programs)) {
    await run("/bin/sh", ["-c", 'command -v "$1"', "sh", program]).catch(() =>
      missing.push(`${program} (${pkg})`),
    );
  }
  if (missing.length === 0) return;
  throw new FaultError(
    "unavailable",
    "program_missing",
    `the pipeline needs ${missing.join(", ")}; on Debian: apt-get install ${Object.values(programs).join(" ")}`,
  );
}
