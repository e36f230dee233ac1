/** The last bytes of a stream. */

export interface Tail {
  add(data: Uint8Array): void;
  bytes(): Buffer;
  /** How many came in all; those before `total - bytes().length` are gone. */
  readonly total: number;
}

export function tailOf(max: number): Tail {
  let parts: Uint8Array[] = [];
  let held = 0;
  let total = 0;
  const bytes = (): Buffer => Buffer.concat(parts).subarray(Math.max(0, held - max));
  return {
    add(data) {
      parts.push(data);
      held += data.length;
      total += data.length;
      if (held <= 2 * max) return;
      parts = [Buffer.from(bytes())];
      held = Math.min(held, max);
    },
    bytes,
    get total() {
      return total;
    },
  };
}
