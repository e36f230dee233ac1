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
  id: () => uuidV7(Date.now(), randomBytes(10)),
};

/** RFC 9562, section 5.7: 48 bits of time, then version, variant and 74 random bits. */
export function uuidV7(nowMs: Ms, random: Uint8Array): string {
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(nowMs, 0, 6);
  bytes.set(random.subarray(0, 10), 6);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
