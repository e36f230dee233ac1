/** What operators want of workers: cordons and drains, as the store keeps them. */

import { FaultError } from "@haversack/base";
import { parseWorkerId, type WorkerId } from "@haversack/protocol";
import { integer, integerOrNone, text } from "../rows.ts";
import type { Row } from "../statement.ts";
import {
  workerCordon as cordon,
  workerDrain as drain,
  workerUncordon as uncordon,
  workersNamed,
} from "../statements/worker.ts";
import type { VerbContext } from "../verb.ts";

export interface StoredOrder {
  /** Grows with each order of a worker; 0: there was none. */
  readonly no: number;
  /** Wall clock; undefined: the worker is open. */
  readonly cordonedAt: number | undefined;
  readonly reason: string;
  readonly draining: boolean;
  /** Wall clock; undefined: what runs may take as long as it likes. */
  readonly drainUntil: number | undefined;
}

export const orderOf = (row: Row): StoredOrder => ({
  no: integer(row, "order_no"),
  cordonedAt: integerOrNone(row, "cordoned_at"),
  reason: text(row, "cordon_reason"),
  draining: integerOrNone(row, "drain_at") !== undefined,
  drainUntil: integerOrNone(row, "drain_until"),
});

export type OrderAsked = { readonly worker: string; readonly now: number } & (
  | { readonly kind: "open" }
  | { readonly kind: "cordon"; readonly reason: string }
  | { readonly kind: "drain"; readonly reason: string; readonly until: number | undefined }
);

/**
 * @param asked.worker an id, or a name that only one has. A cordon of a worker that drains changes nothing but the reason; a
 * second drain sets another deadline.
 */
export async function workerOrder(context: VerbContext, asked: OrderAsked): Promise<WorkerId> {
  const { tx, touched } = context;
  const id = await workerNamed(context, asked.worker);
  switch (asked.kind) {
    case "open":
      await tx.run(uncordon, id);
      touched.ready = true;
      break;
    case "cordon":
      await tx.run(cordon, id, asked.now, asked.reason);
      break;
    case "drain":
      await tx.run(drain, id, asked.now, asked.reason, asked.until ?? null);
      break;
    default:
      asked satisfies never;
  }
  return id;
}

async function workerNamed({ tx }: VerbContext, name: string): Promise<WorkerId> {
  const [first, second, ...more] = await tx.all(workersNamed, name);
  if (first === undefined) {
    const message = `no worker is called ${JSON.stringify(name)}: \`haversack workers\` lists names and ids`;
    throw new FaultError("missing", "unknown_worker", message);
  }
  const id = text(first, "id");
  if (second !== undefined && id !== name) {
    const ids = [first, second, ...more].map((row) => text(row, "id")).join(", ");
    const message = `several workers are called ${JSON.stringify(name)}; name one by its id: ${ids}`;
    throw new FaultError("invalid", "ambiguous_worker", message);
  }
  return parseWorkerId(id);
}
