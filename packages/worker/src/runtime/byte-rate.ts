/** How fast bytes arrive, as a moving average over 5 s, and when the rest will be there. Pure. */

const windowMs = 5000;
/** An estimate from less would jump about. */
const estimateAfterMs = 3000;
/** Ticks closer together are one. */
const tickMs = 100;

export interface ByteRate {
  readonly beganAt?: number;
  /** Bytes so far at a time, oldest first; the first may be the last one before the window. */
  readonly ticks: readonly { readonly at: number; readonly bytes: number }[];
}

export const noRate: ByteRate = { ticks: [] };

/** @param at of a clock that only grows, in milliseconds. */
export function withBytes(rate: ByteRate, at: number, bytes: number): ByteRate {
  const last = rate.ticks.at(-1);
  const tick = { at, bytes: (last?.bytes ?? 0) + bytes };
  const merged = last !== undefined && rate.ticks.length > 1 && at - last.at < tickMs;
  const ticks = [
    ...(merged ? rate.ticks.slice(0, -1) : rate.ticks),
    merged ? { ...tick, at: last.at } : tick,
  ];
  const old = ticks.filter((each) => each.at < at - windowMs);
  return { beganAt: rate.beganAt ?? at, ticks: ticks.slice(Math.max(0, old.length - 1)) };
}

export interface Speed {
  readonly bytesPerSecond?: number;
  readonly etaSeconds?: number;
}

/** @param remaining bytes; absent: not known. */
export function speedAt({ beganAt, ticks }: ByteRate, at: number, remaining: number | undefined): Speed {
  const first = ticks[0];
  const last = ticks.at(-1);
  if (beganAt === undefined || first === undefined || last === undefined) return {};
  const from = Math.max(first.at, at - windowMs);
  if (at <= from) return {};
  // What came before the window counts as far as the window begins.
  const before = ticks.filter((each) => each.at <= from).at(-1) ?? first;
  const bytesPerSecond = Math.round(((last.bytes - before.bytes) * 1000) / (at - from));
  if (remaining === undefined || bytesPerSecond === 0 || at - beganAt < estimateAfterMs)
    return { bytesPerSecond };
  return { bytesPerSecond, etaSeconds: Math.ceil(remaining / bytesPerSecond) };
}
