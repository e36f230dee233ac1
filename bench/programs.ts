/** Programs of a benchmark: processes of their own that answer with one line of JSON each time. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { FaultError } from "@haversack/base";

export interface Program<T> extends AsyncDisposable {
  /** The first line. Rejects when the program ends before it. */
  readonly answer: Promise<T>;
}

/** Runs until it is disposed of; the program sees the end of its standard input then. */
export function startProgram<T>(file: string, args: readonly string[], signal: AbortSignal): Program<T> {
  signal.throwIfAborted();
  const child = spawn(process.execPath, [file, ...args], { stdio: ["pipe", "pipe", "inherit"] });
  const stop = (): void => void child.kill();
  signal.addEventListener("abort", stop, { once: true });
  const closed = once(child, "close").finally(() => signal.removeEventListener("abort", stop));
  const line = once(createInterface({ input: child.stdout }), "line").then(([text]) => text as string);
  const early = closed.then(([code]) => {
    signal.throwIfAborted();
    throw new FaultError("bug", "bench_program_failed", `${file} ended (${code}) before it answered`);
  });
  early.catch(() => {});
  const answer = Promise.race([line, early]).then((text) => JSON.parse(text) as T);
  return {
    answer,
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await closed;
    },
  };
}

/** Runs to its end. */
export async function runProgram<T>(file: string, args: readonly string[], signal: AbortSignal): Promise<T> {
  await using program = startProgram<T>(file, args, signal);
  return await program.answer;
}
