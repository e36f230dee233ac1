import type { Ms, Random } from "./ports.ts";

/** Full jitter: anywhere between 0 and the cap of this try, so that a herd does not come back as one. */
export function fullJitter(random: Pick<Random, "fraction">, tries: number, floorMs: Ms, capMs: Ms): Ms {
  const cap = Math.min(capMs, floorMs * 2 ** Math.min(tries, 30));
  return Math.round(random.fraction() * cap);
}
