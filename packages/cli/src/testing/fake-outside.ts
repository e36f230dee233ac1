/** A process that is none: what a command wrote is kept, and time passes only when a test says so. */

import { type Clock, type Ms, type Random, silentLog, type Timer } from "@haversack/base";
import type { Outside } from "../outside.ts";

export interface FakeOutside extends Outside {
  readonly written: { out: string; err: string };
  readonly clock: FakeClock;
  interrupt(): void;
}

export interface FakeAsked {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly live?: boolean;
  readonly alive?: readonly number[];
  /** Standard input of a program. */
  readonly input?: string;
  /** What a person types. */
  readonly lines?: readonly string[];
}

export function fakeOutside(asked: FakeAsked = {}): FakeOutside {
  const written = { out: "", err: "" };
  const stopping = new AbortController();
  const hurrying = new AbortController();
  const lines = [...(asked.lines ?? [])];
  return {
    written,
    clock: new FakeClock(),
    random: fakeRandom(),
    env: asked.env ?? {},
    cwd: asked.cwd ?? "/nowhere",
    execPath: "/usr/bin/false",
    nodeVersion: "v26.10.0",
    stopping: stopping.signal,
    hurrying: hurrying.signal,
    interrupt: () => (stopping.signal.aborted ? hurrying : stopping).abort(),
    isAlive: (pid) => asked.alive?.includes(pid) ?? false,
    openLog: () => silentLog,
    inputEnded: () => new Promise(() => {}),
    readInput: async (bytesMax) => Buffer.from(asked.input ?? "").subarray(0, bytesMax + 1),
    terminal: {
      out: (text) => void (written.out += text),
      err: (text) => void (written.err += text),
      write: async (bytes) => void (written.out += Buffer.from(bytes).toString("latin1")),
      live: asked.live ?? false,
      colours: false,
      interactive: asked.lines !== undefined,
      typed: asked.lines !== undefined,
      ask: async (question) => {
        written.out += question;
        return lines.shift();
      },
      askHidden: async (question) => {
        written.err += question;
        return lines.shift();
      },
      size: () => ({ columns: 100, rows: 30 }),
    },
  };
}

function fakeRandom(): Random {
  let count = 0;
  return { fraction: () => 0, id: () => `id-${++count}` };
}

/** Timers fire in order as soon as nothing else is to be done, and the time jumps to them. */
export class FakeClock implements Clock {
  #now: Ms = Date.UTC(2026, 0, 31, 9, 15);
  #timers: { at: Ms; call: () => void }[] = [];

  now(): Ms {
    return this.#now;
  }

  monotonic(): Ms {
    return this.#now;
  }

  after(ms: Ms, call: () => void): Timer {
    const timer = { at: this.#now + ms, call };
    this.#timers.push(timer);
    return { cancel: () => void (this.#timers = this.#timers.filter((each) => each !== timer)) };
  }

  /** Lets so much time pass. */
  async pass(ms: Ms): Promise<void> {
    const until = this.#now + ms;
    for (;;) {
      await settled();
      const next = this.#timers.toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined || next.at > until) break;
      this.#timers = this.#timers.filter((each) => each !== next);
      this.#now = next.at;
      next.call();
    }
    this.#now = until;
    await settled();
  }
}

/** Resolves once everything that was ready to go on has gone on. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
