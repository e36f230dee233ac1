/** Workers that the coordinator knows before it starts, and whether this machine has room for their connections. */

import { readFile } from "node:fs/promises";
import { FaultError, systemClock } from "@haversack/base";
import { newWorkerCredential, parseWorkerId, secretDigest } from "@haversack/protocol";
import type { StorePlace } from "../dispatch/store-places.ts";
import type { NamedWorker } from "./messages.ts";

/** Of a coordinator, besides its connections: files, threads, the client of the benchmark. */
const otherFiles = 300;

/** Written into the store, as each worker's call to join would write it. */
export async function joinedWorkers(place: StorePlace, count: number): Promise<readonly NamedWorker[]> {
  const workers = Array.from({ length: count }, (_, index) => ({
    workerId: `bench-${index}`,
    credential: newWorkerCredential(),
  }));
  await using store = await place.open();
  const now = systemClock.now();
  await Promise.all(
    workers.map(async ({ workerId, credential }) => {
      const proof = { kind: "credential", hash: secretDigest(credential) } as const;
      await store.write.workerJoin({ workerId: parseWorkerId(workerId), proof, now });
    }),
  );
  return workers;
}

/** Throws FaultError `invalid` when a coordinator could not open as many files. Node itself goes up to the hard limit. */
export async function requireFiles(workers: number): Promise<void> {
  const limits = await readFile("/proc/self/limits", "latin1");
  const [, hard = ""] = /^Max open files\s+\S+\s+(\S+)/m.exec(limits) ?? [];
  const needed = workers + otherFiles;
  if (hard === "unlimited" || Number(hard) >= needed) return;
  const message = `${workers} connections to one process take ${needed} open files, and the hard limit here is ${hard}: raise it, as with \`ulimit -Hn ${needed}\` as root, or LimitNOFILE= of the service`;
  throw new FaultError("invalid", "too_few_files", message);
}
