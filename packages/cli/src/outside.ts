/** All that the commands know of the process they run in; `main.ts` makes the real one, tests make their own. */

import type { Clock, Log, Random } from "@haversack/base";

export interface Terminal {
  /** Standard output. */
  out(text: string): void;
  /** Standard error. */
  err(text: string): void;
  /** Bytes to standard output; resolves when more may come. */
  write(bytes: Uint8Array): Promise<void>;
  /** Whether standard output can be redrawn in place. */
  readonly live: boolean;
  readonly colours: boolean;
  /** Whether a person can be asked: both ends are a terminal. */
  readonly interactive: boolean;
  /** Whether standard input is a keyboard. */
  readonly typed: boolean;
  /** One line that a person types; undefined: the input has ended. */
  ask(question: string, signal: AbortSignal): Promise<string | undefined>;
  /** Like `ask`, but what is typed is not shown. */
  askHidden(question: string, signal: AbortSignal): Promise<string | undefined>;
  size(): { readonly columns: number; readonly rows: number };
}

export interface Outside {
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly random: Random;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** The Node that runs this. */
  readonly execPath: string;
  /** Such as `v26.10.0`. */
  readonly nodeVersion: string;
  /** The first Ctrl-C (or SIGTERM): end in good order. */
  readonly stopping: AbortSignal;
  /** The second one: end now. */
  readonly hurrying: AbortSignal;
  isAlive(pid: number): boolean;
  /** A log that goes to a file, or to standard error when no file is named. @param component whose it is */
  openLog(component: "coordinator" | "worker" | "start" | "store", file?: string): Log;
  /** Resolves when standard input has ended. */
  inputEnded(): Promise<void>;
  /** All of standard input, up to one byte more than so many. */
  readInput(bytesMax: number): Promise<Uint8Array>;
}
