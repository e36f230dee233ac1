/** What a coordinator's process costs, by the kernel, and how its event loop does, by its own metrics. */

import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const kib = 1024;
/** Of `/proc/PID/stat`, on every Linux. */
const tickMs = 10;
const pollMs = 20;

/** Milliseconds of processor time, of all its threads. */
export async function processorMs(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, "latin1");
  // The name may have anything in it.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}

export async function memoryBytes(pid: number): Promise<{ resident: number; highest: number }> {
  const text = await readFile(`/proc/${pid}/status`, "latin1");
  const of = (name: string): number =>
    Number(new RegExp(`^${name}:\\s*(\\d+) kB$`, "m").exec(text)?.[1]) * kib;
  return { resident: of("VmRSS"), highest: of("VmHWM") };
}

/** Times of the event loop are those since the metrics were read before. Absent: not told. */
export type Metrics = ReadonlyMap<string, number>;

/** Samples without labels by their names, with labels summed up. */
export async function metrics(url: string, adminToken: string): Promise<Metrics> {
  const answer = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${adminToken}` } });
  if (!answer.ok) throw new Error(`${url}/metrics answered ${answer.status}`);
  const sums = new Map<string, number>();
  for (const line of (await answer.text()).split("\n")) {
    const [, name = "", value = ""] = /^([a-z]\w*)(?:\{[^}]*\})? (\S+)$/.exec(line) ?? [];
    if (name !== "") sums.set(name, (sums.get(name) ?? 0) + Number(value));
  }
  return sums;
}

export const loopDelayMs = (told: Metrics, which: "p99" | "max"): number =>
  (told.get(`nodejs_eventloop_lag_${which}_seconds`) ?? Number.NaN) * 1000;

/** Resolves when it is ready for its work. */
export async function ready(url: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    if (await fetch(`${url}/readyz`).then(({ ok }) => ok, no)) return;
    await sleep(pollMs);
  }
}

const no = (): boolean => false;
