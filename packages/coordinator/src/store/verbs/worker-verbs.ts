import { parseWorkerId, type WorkerHello, type WorkerId } from "@haversack/protocol";
import { integer, integerOrNone, json, text, textOrNone } from "../rows.ts";
import { workerLeft, workerList, workerSeen, workersNamed, workerUpsert } from "../statements/worker.ts";
import type { VerbContext } from "../verb.ts";
import { orderOf, type StoredOrder } from "./order-verbs.ts";

/** A worker as the store remembers it; whether it is connected only its coordinator knows. */
export interface StoredWorker {
  readonly id: WorkerId;
  readonly name: string;
  readonly version: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly slots: number;
  readonly slotsUsed: number;
  readonly connectedAt: number;
  readonly lastSeenAt: number;
  /** Absent: it has no certificate. */
  readonly certificateExpiresAt?: number;
  readonly revokedAt?: number;
  readonly order: StoredOrder;
}

export async function workersList({ tx }: VerbContext): Promise<StoredWorker[]> {
  return (await tx.all(workerList)).map((row) => ({
    id: parseWorkerId(text(row, "id")),
    name: text(row, "name"),
    version: text(row, "version"),
    labels: json<Record<string, string>>(row, "labels"),
    slots: integer(row, "slots"),
    slotsUsed: integer(row, "slots_used"),
    connectedAt: integer(row, "connected_at"),
    lastSeenAt: integer(row, "last_seen_at"),
    ...optional("certificateExpiresAt", integerOrNone(row, "certificate_expires_at")),
    ...optional("revokedAt", integerOrNone(row, "revoked_at")),
    order: orderOf(row),
  }));
}

const optional = <K extends string>(name: K, value: number | undefined) =>
  (value === undefined ? {} : { [name]: value }) as Partial<Record<K, number>>;

/**
 * A worker says who it is.
 * @param url where others reach the coordinator that it says it to; absent: nowhere
 */
export async function workerPut(
  { tx }: VerbContext,
  hello: WorkerHello,
  now: number,
  url: string | undefined,
): Promise<void> {
  const { workerId, bootId, name, version, slots } = hello;
  const labels = JSON.stringify(Object.fromEntries(hello.labels));
  await tx.run(workerUpsert, workerId, bootId, name, version, labels, slots, now, url ?? null);
}

/** Which coordinator a worker was connected to last, and since when. */
export interface WorkerPlace {
  readonly id: WorkerId;
  readonly name: string;
  readonly connectedAt: number;
  /** Absent: it is connected to none that others reach. */
  readonly url?: string;
}

/** @param worker an id, or a name that only one has. Undefined: it is neither. */
export async function workerPlace(
  { tx }: VerbContext,
  { worker }: { readonly worker: string },
): Promise<WorkerPlace | undefined> {
  const [row, ...more] = await tx.all(workersNamed, worker);
  if (row === undefined || (more.length > 0 && text(row, "id") !== worker)) return undefined;
  const url = textOrNone(row, "coordinator_url");
  return {
    id: parseWorkerId(text(row, "id")),
    name: text(row, "name"),
    connectedAt: integer(row, "connected_at"),
    ...(url === undefined ? {} : { url }),
  };
}

/** The session that began at `connectedAt` at the coordinator with this address is over. Safe twice, and late. */
export async function workerLeave(
  { tx }: VerbContext,
  asked: { readonly workerId: WorkerId; readonly connectedAt: number; readonly url: string },
): Promise<void> {
  await tx.run(workerLeft, asked.workerId, asked.connectedAt, asked.url);
}

/** @returns what an operator wants of it; undefined: nobody ever wanted anything */
export async function workerHeard(
  { tx }: VerbContext,
  workerId: WorkerId,
  now: number,
): Promise<StoredOrder | undefined> {
  const row = await tx.one(workerSeen, workerId, now);
  const order = row === undefined ? undefined : orderOf(row);
  return order?.no === 0 ? undefined : order;
}
