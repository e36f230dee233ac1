/** The queues in which the steps of a new run stand: found, or made, in the transaction that brings the run. */

import { createHash } from "node:crypto";
import { present, sortedJson } from "@haversack/base";
import type { LimitUse } from "../../runs/limits.ts";
import type { PackNeeds, QueueKey } from "../../runs/queue-key.ts";
import { flag, integer, json, text, textOrNone } from "../rows.ts";
import type { Row } from "../statement.ts";
import { sharedLimitByName, sharedLimitInsert } from "../statements/limit.ts";
import { queueByDigest, queueInsert, queueLimitsInsert, queueUse } from "../statements/queue.ts";
import type { VerbContext } from "../verb.ts";

/** Where a step stands. */
export interface QueuePlace {
  readonly queue: number;
  readonly gated: 0 | 1;
}

/** A queue that nobody has used for much longer than this is deleted, when it has keys or pools. */
const useNotedMs = 3_600_000;

export class QueueRows {
  readonly #context: VerbContext;
  readonly #now: number;
  readonly #places = new Map<string, Promise<QueuePlace>>();

  /** For one call. */
  constructor(context: VerbContext, now: number) {
    this.#context = context;
    this.#now = now;
  }

  async placeOf(key: QueueKey): Promise<QueuePlace> {
    const canonical = sortedJson(key);
    const known = this.#places.get(canonical) ?? this.#find(key, canonical);
    this.#places.set(canonical, known);
    return await known;
  }

  async #find(key: QueueKey, canonical: string): Promise<QueuePlace> {
    const { tx } = this.#context;
    const digest = createHash("sha256").update(canonical).digest("hex");
    const gated = key.limits.length > 0 ? 1 : 0;
    const known = await tx.one(queueByDigest, digest);
    if (known !== undefined && (await this.#stays(known, gated))) {
      return { queue: integer(known, "no"), gated };
    }
    const { priority, share, selector, limits, pack, deployment } = key;
    const texts = [
      sortedJson(selector),
      sortedJson(limits),
      pack === undefined ? "" : sortedJson(pack),
    ] as const;
    const deploys = [deployment?.name ?? null, deployment?.pulls === true ? 1 : 0] as const;
    await tx.run(queueInsert, digest, priority, share, ...texts, this.#now, ...deploys);
    const row = present(await tx.one(queueByDigest, digest), "the queue that was inserted");
    const queue = integer(row, "no");
    if (gated === 1) await this.#insertLimits(queue, limits);
    return { queue, gated };
  }

  /** It is not deleted between this look and the end of the transaction. */
  async #stays(row: Row, gated: 0 | 1): Promise<boolean> {
    if (gated === 0 || integer(row, "used_at") > this.#now - useNotedMs) return true;
    return (await this.#context.tx.run(queueUse, integer(row, "no"), this.#now)) > 0;
  }

  async #insertLimits(queue: number, limits: readonly LimitUse[]): Promise<void> {
    const { tx } = this.#context;
    const rows: (number | null)[][] = [];
    for (const { kind, name, units, limit } of limits) {
      rows.push([await sharedLimit(this.#context, kind, name), queue, units, limit ?? null]);
    }
    await tx.each(queueLimitsInsert, rows);
  }
}

/** The number of a key or a pool, which is made when it is not there. */
export async function sharedLimit(
  { tx }: VerbContext,
  kind: LimitUse["kind"] | "run",
  name: string,
): Promise<number> {
  const known = await tx.one(sharedLimitByName, kind, name);
  if (known !== undefined) return integer(known, "no");
  await tx.run(sharedLimitInsert, kind, name);
  return integer(present(await tx.one(sharedLimitByName, kind, name), "what was inserted"), "no");
}

/** A queue, with the worker on which what its steps deploy stands; absent: it may be any. */
export interface PlacedQueue extends QueueKey {
  readonly standsOn?: { readonly id: string; readonly name: string };
}

export function placedQueueOfRow(row: Row): PlacedQueue {
  const id = textOrNone(row, "stands_on");
  if (id === undefined) return queueKeyOfRow(row);
  return { ...queueKeyOfRow(row), standsOn: { id, name: textOrNone(row, "stands_on_name") ?? id } };
}

export function queueKeyOfRow(row: Row): QueueKey {
  const pack = text(row, "pack");
  const deployment = textOrNone(row, "deployment");
  return {
    priority: integer(row, "priority") as QueueKey["priority"],
    share: text(row, "share"),
    selector: json<QueueKey["selector"]>(row, "selector"),
    limits: json<QueueKey["limits"]>(row, "limits"),
    ...(pack === "" ? {} : { pack: JSON.parse(pack) as PackNeeds }),
    ...(deployment === undefined ? {} : { deployment: { name: deployment, pulls: flag(row, "pulls") } }),
  };
}
