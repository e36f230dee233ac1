/**
 * Refusals, many of a kind as one record: the first is told at once, those alike within the next minutes are counted and
 * told together. Who tries out tokens fills no disk.
 */

import type { Clock, Timer } from "@haversack/base";
import type { AuditRecord } from "@haversack/protocol";

const windowMs = 5 * 60_000;
/** Kinds that are told apart within a window; all others are one. */
const kindsMax = 100;

interface Kind {
  first: AuditRecord;
  times: number;
}

export class Refusals {
  readonly #tell: (record: AuditRecord) => void;
  readonly #clock: Clock;
  readonly #kinds = new Map<string, Kind>();
  #timer: Timer | undefined;

  constructor(tell: (record: AuditRecord) => void, clock: Clock) {
    this.#tell = tell;
    this.#clock = clock;
  }

  add(record: AuditRecord): void {
    const { caller, method, peer, outcome } = record;
    // What nobody is known for may name any method: by its address alone.
    const own = caller.id === "" ? `${peer} ${outcome}` : `${caller.kind} ${caller.id} ${method} ${outcome}`;
    const isRoom = this.#kinds.has(own) || this.#kinds.size < kindsMax;
    const key = isRoom ? own : "others";
    const known = this.#kinds.get(key);
    if (known !== undefined) {
      known.times += 1;
      if (known.first.method !== method) known.first = { ...known.first, method: "" };
      return;
    }
    const first = isRoom ? record : { ...record, caller: nobody, method: "", peer: "" };
    this.#kinds.set(key, { first: { ...first, target: "" }, times: 0 });
    this.#tell(first);
    this.#timer ??= this.#clock.after(windowMs, () => this.flush());
  }

  /** Tells what was counted, and begins anew. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const at = this.#clock.now();
    const kinds = [...this.#kinds.values()];
    this.#kinds.clear();
    for (const { first, times } of kinds) if (times > 0) this.#tell({ ...first, at, times });
  }
}

export const nobody: AuditRecord["caller"] = { kind: "", id: "", role: "", name: "" };
