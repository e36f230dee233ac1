/** The hash of a whole file, worked out in a thread of its own: a hundred megabytes are no reason to miss a heartbeat. */

import { Worker } from "node:worker_threads";
import { reasonOf } from "@haversack/base";
import { type Digest, parseDigest } from "@haversack/protocol";

/** Rejects with the signal's reason within moments of it; nothing of it runs then. */
export async function hashFile(path: string, signal: AbortSignal): Promise<Digest> {
  if (signal.aborted) throw reasonOf(signal);
  const { promise, resolve, reject } = Promise.withResolvers<Digest>();
  const thread = new Worker(new URL("./hash-thread.ts", import.meta.url), { workerData: path });
  const onAbort = (): void => reject(reasonOf(signal));
  thread.on("message", (hex) => resolve(parseDigest(`sha256:${String(hex)}`)));
  thread.on("error", reject);
  thread.on("exit", (code) => reject(new Error(`the hashing thread ended with code ${code}`)));
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", onAbort);
    await thread.terminate();
  }
}
