/** The real clock and the real random numbers. Only `main.ts` files and tests call these. */

import { randomBytes } from "node:crypto";
import type { Clock, Ms, Random, Timer } from "./ports.ts";

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms: Ms, call: () => void): Timer {
    const timeout = setTimeout(call, ms);
    return { cancel: () => clearTimeout(timeout) };
  },
};

export const systemRandom: Random = {
  fraction: () => Math.random(),
  id: ascendingIds(() => Date.now(), drawn(randomBytes)),
};

/** Many random bytes at a time: a call for the few of one id takes as long as all the rest of it. None is given twice. */
function drawn(random: (bytes: number) => Uint8Array): (bytes: number) => Uint8Array {
  let pool: Uint8Array = new Uint8Array();
  return (bytes) => {
    if (pool.length < bytes) pool = random(4096);
    const own = pool.subarray(0, bytes);
    pool = pool.subarray(bytes);
    return own;
  };
}

/**
 * UUID version 7 (RFC 9562, 5.7 and 6.2 method 1): 48 bits of time, a 12-bit counter that starts anywhere in its lower
 * half and grows within one millisecond, 62 random bits. So the ids of one process ascend, even when the wall clock
 * stands still or is set back.
 */
export function ascendingIds(now: () => Ms, random: (bytes: number) => Uint8Array): () => string {
  let last: Ms = 0;
  let counter = 0;
  return () => {
    const ms = now();
    counter += 1;
    if (ms > last || counter > counterMax) {
      last = Math.max(ms, last + 1);
      counter = (random(1)[0] ?? 0) << 3;
    }
    return uuidV7(last, counter, random(8));
  };
}

const counterMax = 0xfff;

function uuidV7(ms: Ms, counter: number, random: Uint8Array): string {
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(ms, 0, 6);
  bytes.writeUInt16BE(0x7000 | counter, 6);
  bytes.set(random.subarray(0, 8), 8);
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
