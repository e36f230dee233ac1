/**
 * What containers write. LXD and Incus keep the last 128 KiB of a console and give each byte away once, so what was read is
 * kept here, for the next who asks. A terminal stands between: both streams are one, and its line ends are undone.
 */

import { type Clock, pause } from "@haversack/base";
import type { LogOptions } from "../container.ts";
import { engineUnavailable, noContainer } from "../runtime-faults.ts";
import { reasonOrCancelled } from "./http-over-socket.ts";
import { instanceName } from "./instance-of.ts";
import type { LxdClient } from "./lxd-client.ts";
import { type Transcript, transcript } from "./transcript.ts";

export interface LxdLogs {
  read(id: string, options: LogOptions, signal: AbortSignal): AsyncIterable<Uint8Array>;
  started(instance: string): void;
  /** It was removed: a container of its name is another one. */
  forget(instance: string): void;
}

/** Of each container; the console itself keeps less. */
const keptBytes = 256 * 1024;
/** The engine tells nobody that something was written. */
const lookMs = 500;

/** While a container ends. */
const againMs = 100;
const triesMax = 20;

interface Reading {
  readonly client: LxdClient;
  readonly clock: Clock;
}

interface Known {
  readonly transcript: Transcript;
  /** Reads go one after the other, or two would share what comes. */
  reading: Promise<void>;
}

export function lxdLogs(
  client: LxdClient,
  clock: Clock,
  isRunning: (id: string, signal: AbortSignal) => Promise<boolean | undefined>,
): LxdLogs {
  const consoles = new Map<string, Known>();
  const knownOf = (instance: string): Known => {
    const known = consoles.get(instance) ?? { transcript: transcript(keptBytes), reading: Promise.resolve() };
    consoles.set(instance, known);
    return known;
  };
  return {
    started: (instance) => consoles.get(instance)?.transcript.started(),
    forget: (instance) => void consoles.delete(instance),
    async *read(id, { tail, follow }, signal) {
      const instance = instanceName(id);
      const known = knownOf(instance);
      const { transcript: told } = known;
      const { written } = told;
      let from: number | undefined;
      for (;;) {
        // Asked before the read: what it wrote before it ended is in that read.
        const running = await isRunning(id, signal);
        if (running === undefined) throw noContainer(id);
        await taking(known, async () => {
          const text = await take({ client, clock }, instance, signal);
          const ranOn = running && (await isRunning(id, signal)) === true;
          if (ranOn) told.streamed(text);
          else told.left(text);
        });
        const held = written.bytes();
        from ??= written.total - lastLines(held, tail).length;
        const fresh = held.subarray(Math.max(0, held.length - (written.total - from)));
        from = written.total;
        if (fresh.length > 0) yield fresh;
        if (!follow || !running) return;
        await pause(clock, lookMs, signal).catch(() => {
          throw reasonOrCancelled(`reading the log of ${id}`, signal);
        });
      }
    },
  };
}

async function taking(known: Known, work: () => Promise<void>): Promise<void> {
  const mine = known.reading.then(work);
  known.reading = mine.catch(() => {});
  await mine;
}

async function take({ client, clock }: Reading, instance: string, signal: AbortSignal): Promise<string> {
  const path = `/1.0/instances/${encodeURIComponent(instance)}/console`;
  for (let tries = 1; ; tries++) {
    const { status, body } = await client.raw({ method: "GET", path }, signal);
    if (status === 200) return body.toString("latin1").replaceAll("\r\n", "\n");
    const text = body.toString().slice(0, 200);
    // Nothing new is an error there, and so is a console that was never written to.
    if (status === 404 || /no such file/i.test(text)) return "";
    // Incus says so of one that is just ending.
    const isEnding = /invalid pid|connection refused/i.test(text);
    if (!isEnding || tries === triesMax)
      throw engineUnavailable(`the console of ${instance}: ${status} ${text}`);
    await pause(clock, againMs, signal).catch(() => {
      throw reasonOrCancelled(`reading the log of ${instance}`, signal);
    });
  }
}

function lastLines(held: Buffer, tail: number | undefined): Buffer {
  if (tail === undefined) return held;
  let start = held.length;
  // Not the end of the last line itself.
  for (let lines = 0; lines < tail && start > 0; lines++) {
    start = start === 1 ? 0 : held.lastIndexOf(10, start - 2) + 1;
  }
  return held.subarray(start);
}
