/** What containers and commands write: logs, and the output of `exec`. */

import { FaultError, pause } from "@haversack/base";
import type { ExecEnd, ExecSpec, LogOptions } from "../container.ts";
import type { Runtime } from "../runtime.ts";
import { cancelled, engineUnavailable } from "../runtime-faults.ts";
import { absent } from "./containers.ts";
import { type Engine, engineCall, readStream } from "./engine.ts";
import { piecesOf } from "./raw-stream.ts";

const lookAgainMs = 20;

export function outputVerbs(engine: Engine): Pick<Runtime, "logs" | "exec"> {
  return {
    logs: (id, options, signal) => logsOf(engine, id, options, signal),
    exec: async (id, command, signal) => await execIn(engine, { id, command }, signal),
  };
}

async function* logsOf(
  { docker }: Engine,
  id: string,
  { tail, follow }: LogOptions,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const path = `/containers/${encodeURIComponent(id)}/logs`;
  const query = { stdout: "1", stderr: "1", follow: follow ? "1" : "0", tail: String(tail ?? "all") };
  const answer = await engineCall(
    "reading the logs",
    signal,
    () => readStream(docker, path, query, signal),
    absent(id),
  );
  try {
    yield* piecesOf(answer);
  } catch (error) {
    if (signal.aborted) throw cancelled("reading the logs", signal.reason);
    throw engineUnavailable("it broke off in the middle of the logs", error);
  } finally {
    answer.destroy();
  }
}

interface Exec {
  readonly id: string;
  readonly command: ExecSpec;
  /** Written to its input, which is closed then. */
  readonly input?: Uint8Array;
}

/** When the signal fires, the command may go on in the container: no engine ends it. */
export async function execIn(
  engine: Engine,
  { id, command, input }: Exec,
  signal: AbortSignal,
): Promise<ExecEnd> {
  const { argv, env, user, outputMax, onOutput } = command;
  const kept = tailOf(outputMax);
  const what = `running ${argv[0] ?? "nothing"} in the container`;
  return await engineCall(
    what,
    signal,
    async () => {
      const exec = await engine.docker.getContainer(id).exec({
        Cmd: [...argv],
        AttachStdin: input !== undefined,
        AttachStdout: true,
        AttachStderr: true,
        Env: [...(env ?? [])].map(([key, value]) => `${key}=${value}`),
        ...(user !== undefined && { User: user }),
        abortSignal: signal,
      });
      const begun = { Detach: false, Tty: false, abortSignal: signal };
      const stdin = input === undefined ? {} : { hijack: true, stdin: true };
      const answer = await exec.start({ ...begun, ...stdin });
      const stop = () => answer.destroy();
      signal.addEventListener("abort", stop, { once: true });
      try {
        if (input !== undefined) answer.end(input);
        for await (const piece of piecesOf(answer)) {
          onOutput?.(piece);
          kept.add(piece);
        }
      } finally {
        signal.removeEventListener("abort", stop);
        answer.destroy();
      }
      return { exitCode: await exitCodeOf(engine, exec, signal), output: kept.bytes() };
    },
    (status, said, error) => execFault(id, status, said, error),
  );
}

function execFault(id: string, status: number, said: string, error: unknown): FaultError | undefined {
  if (status === 409 || /not running|state improper/i.test(said)) {
    return new FaultError("conflict", "not_running", `container ${id} does not run: ${said}`, {
      cause: error,
    });
  }
  return absent(id)(status, said, error);
}

/** The output may end before the engine knows how the command did. */
async function exitCodeOf(
  { clock }: Engine,
  exec: {
    inspect(options: { abortSignal: AbortSignal }): Promise<{ Running: boolean; ExitCode: number | null }>;
  },
  signal: AbortSignal,
): Promise<number> {
  while (true) {
    const { Running, ExitCode } = await exec.inspect({ abortSignal: signal });
    if (!Running && ExitCode !== null) return ExitCode;
    await pause(clock, lookAgainMs, signal);
  }
}

interface Tail {
  add(piece: Uint8Array): void;
  bytes(): Uint8Array;
}

/** The last `max` bytes. */
function tailOf(max: number): Tail {
  let pieces: Uint8Array[] = [];
  let length = 0;
  return {
    add(piece) {
      pieces.push(piece);
      length += piece.length;
      while (pieces.length > 1 && length - (pieces[0]?.length ?? 0) >= max) {
        length -= pieces.shift()?.length ?? 0;
      }
    },
    bytes() {
      const all = Buffer.concat(pieces);
      pieces = [];
      return all.subarray(Math.max(0, all.length - max));
    },
  };
}
