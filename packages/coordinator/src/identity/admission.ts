/** What a worker may say of itself. Who it is, its credential says; pool and labels that give rights, its row (A1). */

import { FaultError } from "@haversack/base";
import type { WorkerHello, WorkerId } from "@haversack/protocol";
import type { Store } from "../store/store.ts";
import type { WorkerIdentity } from "../store/verbs/identity-verbs.ts";

export type Admit = (hello: WorkerHello) => WorkerHello;

/** For the sessions of a worker. Rejects with FaultError `denied` when it has not joined. */
export async function admission(store: Pick<Store, "read">, workerId: WorkerId): Promise<Admit> {
  const identity = await store.read.workerIdentity({ workerId });
  if (identity === undefined) throw notJoined();
  return (hello) => admitted(hello, identity);
}

/** Compared whole: no prefix, no other case (AU-7). */
export function admitted(hello: WorkerHello, identity: WorkerIdentity): WorkerHello {
  if (hello.workerId !== identity.workerId) {
    const message = "hello.worker_id: the credential is that of another worker";
    throw new FaultError("denied", "another_worker", message);
  }
  return { ...hello, labels: labelsOf(hello.labels, identity) };
}

/** `pool` is the token's to give: a worker that joined with one that gives none has none. */
function labelsOf(
  claimed: ReadonlyMap<string, string>,
  { joinedBy, pool, labels }: WorkerIdentity,
): ReadonlyMap<string, string> {
  if (joinedBy === "") return claimed;
  const own = [...claimed].filter(([name]) => name !== poolLabel);
  return new Map([
    ...own,
    ...Object.entries(labels),
    ...(pool === undefined ? [] : [[poolLabel, pool] as const]),
  ]);
}

export const poolLabel = "pool";

/** What the worker itself finds out: a token cannot decide it. */
export const factLabels: readonly string[] = ["arch", "os", "hostname"];

export function notYours(): FaultError {
  return new FaultError("denied", "not_yours", "the attempt that this is about was not given to this worker");
}

function notJoined(): FaultError {
  const message = "this coordinator does not know this worker: join again";
  return new FaultError("denied", "unknown_worker", message);
}
