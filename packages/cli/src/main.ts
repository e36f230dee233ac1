/** The process: its arguments, terminal and signals, and nothing else. What they mean is in `program.ts`. */

import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { systemClock, systemRandom } from "@haversack/base";
import { createClient } from "@haversack/protocol";
import { exitCodes } from "./exit-codes.ts";
import { openLog } from "./open-log.ts";
import type { Outside, Terminal } from "./outside.ts";
import { runProgram } from "./program.ts";

/** npm and a terminal both pass Ctrl-C on: what comes within this time is one interrupt. */
const sameInterruptMs = 400;
/** As a shell reports a process that a closed pipe ended. */
const brokenPipeExit = 141;

function wantsColours(): boolean {
  if (process.argv.includes("--no-color") || (process.env.NO_COLOR ?? "") !== "") return false;
  if ((process.env.FORCE_COLOR ?? "0") !== "0") return true;
  return process.stdout.isTTY && process.env.TERM !== "dumb";
}

/** In a terminal that reads lines Ctrl-C is a key, not a signal. */
function ask(
  question: string,
  signal: AbortSignal,
  output: NodeJS.WritableStream = process.stdout,
): Promise<string | undefined> {
  return new Promise((answer, fail) => {
    const lines = createInterface({ input: process.stdin, output, terminal: process.stdin.isTTY });
    const stopped = (): void => {
      fail(signal.reason as Error);
      lines.close();
    };
    signal.addEventListener("abort", stopped, { once: true });
    lines.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
    lines.once("close", () => answer(undefined));
    lines.question(question, (line) => {
      answer(line);
      signal.removeEventListener("abort", stopped);
      lines.close();
    });
  });
}

/** The reader of lines writes what is typed to nowhere. */
async function askHidden(question: string, signal: AbortSignal): Promise<string | undefined> {
  process.stderr.write(question);
  try {
    return await ask("", signal, new Writable({ write: (_chunk, _encoding, done) => done() }));
  } finally {
    process.stderr.write("\n");
  }
}

async function readInput(bytesMax: number): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of process.stdin as AsyncIterable<Buffer>) {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes > bytesMax) break;
  }
  return Buffer.concat(pieces).subarray(0, bytesMax + 1);
}

const terminal: Terminal = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  write: (bytes) =>
    new Promise((resolve, reject) => {
      process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()));
    }),
  live: process.stdout.isTTY && process.env.TERM !== "dumb" && process.env.CI === undefined,
  colours: wantsColours(),
  interactive: process.stdin.isTTY && process.stdout.isTTY,
  typed: process.stdin.isTTY,
  ask: (question, signal) => ask(question, signal),
  askHidden,
  size: () => ({ columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 }),
};

/** The first interrupt asks to stop, the second to hurry, the third does not ask. */
function watchInterrupts(): Pick<Outside, "stopping" | "hurrying"> {
  const stopping = new AbortController();
  const hurrying = new AbortController();
  let lastAt = Number.NEGATIVE_INFINITY;
  const interrupt = (): void => {
    const now = systemClock.monotonic();
    const isEcho = now - lastAt < sameInterruptMs;
    lastAt = now;
    if (isEcho) return;
    if (!stopping.signal.aborted) stopping.abort();
    else if (!hurrying.signal.aborted) hurrying.abort();
    else process.exit(exitCodes.interrupted);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, interrupt);
  return { stopping: stopping.signal, hurrying: hurrying.signal };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function inputEnded(): Promise<void> {
  return new Promise((resolve) => {
    process.stdin.once("close", resolve).once("end", resolve).once("error", resolve).resume();
  });
}

for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) =>
    process.exit(error.code === "EPIPE" ? brokenPipeExit : 7),
  );
}
// The clock's timers do not keep a process alive, and neither does a pause between two tries.
const untilTheEnd = setInterval(() => {}, 2 ** 30);
const outside: Outside = {
  terminal,
  ...watchInterrupts(),
  clock: systemClock,
  random: systemRandom,
  env: process.env,
  cwd: process.cwd(),
  execPath: process.execPath,
  nodeVersion: process.version,
  isAlive,
  openLog: (component, file) =>
    openLog(process.env.HAVERSACK_LOG_LEVEL ?? process.env.HAVERSACK_LOG, file, component),
  inputEnded,
  readInput,
};
const code = await runProgram(process.argv.slice(2), outside, createClient);
clearInterval(untilTheEnd);
// What was written may still be on its way into a pipe.
process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
