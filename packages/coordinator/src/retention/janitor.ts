/**
 * Removes what nobody needs any more: a round when the coordinator starts and then every hour. It works in slices, so
 * that a step which becomes ready waits for one slice at most, and gives way between them; a round ends when there is
 * nothing left to remove. Every slice can be the last one of this process: the next start goes on.
 *
 *   runs     that ended longer ago than they are kept: their logs, then their rows, the run's own row last
 *   packs    that no step names any more and nobody keeps
 *   queues   of keys and pools that no step names any more
 *   images   what workers said of them two weeks ago
 *   blobs    that no artifact names any more; halves of files that a crash left
 */

import { Background, type Clock, type Ms, messageOf, type Ports, pause, type Service } from "@haversack/base";
import type { BlobStore } from "../blobs/blob-store.ts";
import { isOver, type Lead, type Leadership } from "../leadership/leadership.ts";
import type { LogStore, Store } from "../store/store.ts";
import type { PackPlace } from "../store/verbs/collect-verbs.ts";

export interface JanitorParts {
  readonly store: Store;
  readonly logs: LogStore;
  readonly blobs: BlobStore;
  readonly ports: Ports;
  readonly leadership: Pick<Leadership, "whenLeading">;
  /** How long a run is kept after its end; undefined: for ever. */
  readonly retentionMs: Ms | undefined;
  /** Packs and blobs that are younger stay, named or not. */
  readonly graceMs: Ms;
}

const everyMs: Ms = 3_600_000;
const everyMsMin: Ms = 1000;
const breatherMs: Ms = 20;
const runsPerSlice = 100;
const rowsPerSlice = 500;
const packsPerSlice = 500;
/** Much longer than it takes to notice that a queue is in use again. */
const queueIdleMs: Ms = 86_400_000;
const imagesKeptMs: Ms = 14 * 86_400_000;
/** Up to 8 MiB. */
const logChunksPerSlice = 128;

export function janitor(parts: JanitorParts, onFailure: (error: unknown) => void): Service {
  const { ports, retentionMs = everyMs, graceMs } = parts;
  const waitMs = Math.max(everyMsMin, Math.min(everyMs, retentionMs, graceMs));
  return new Background(
    "janitor",
    async (signal) => {
      while (!signal.aborted) {
        await round(parts, await parts.leadership.whenLeading(signal), signal);
        await pause(ports.clock, waitMs, signal);
      }
    },
    onFailure,
  );
}

/** A round that fails costs room, not truth: it is told, and the next one tries again. */
async function round(parts: JanitorParts, lead: Lead, signal: AbortSignal): Promise<void> {
  const { log } = parts.ports;
  try {
    const runs = await forgetRuns(parts, lead, signal);
    const packs = await collectPacks(parts, lead, signal);
    await collectQueues(parts, lead, signal);
    await forgetImages(parts, lead, signal);
    const blobs = await collectBlobs(parts, signal);
    const removed = {
      runs,
      packs: packs.count,
      packBytes: packs.bytes,
      blobs: blobs.count,
      blobBytes: blobs.bytes,
    };
    if (runs + packs.count + blobs.count > 0) log.info(removed, "removed what nobody needs any more");
  } catch (error) {
    if (signal.aborted) throw error;
    // The next leader goes on where we were.
    if (isOver(error)) return;
    log.error(
      { error: messageOf(error) },
      "what nobody needs any more was not removed; the next round tries again",
    );
  }
}

async function forgetRuns(parts: JanitorParts, lead: Lead, signal: AbortSignal): Promise<number> {
  const { store, logs, ports, retentionMs } = parts;
  const { clock } = ports;
  if (retentionMs !== undefined) {
    const due = { endedBefore: clock.now() - retentionMs, limit: runsPerSlice, ...lead };
    await inSlices(clock, signal, async () => (await store.write.runsRetire(due)) === runsPerSlice);
  }
  for (let count = 0; ; ) {
    const ids = await store.read.runsForgotten({ limit: runsPerSlice });
    if (ids.length === 0) return count;
    // The logs first: only the run's row says that they are still there.
    const ofLogs = { runIds: ids, limit: logChunksPerSlice };
    await inSlices(clock, signal, async () => (await logs.write.logsErase(ofLogs)) === logChunksPerSlice);
    const ofRuns = { ids, limit: rowsPerSlice, ...lead };
    await inSlices(clock, signal, async () => (await store.write.runsErase(ofRuns)) === rowsPerSlice);
    count += ids.length;
  }
}

async function collectPacks({ store, ports, graceMs }: JanitorParts, lead: Lead, signal: AbortSignal) {
  const createdBefore = ports.clock.now() - graceMs;
  const removed = { count: 0, bytes: 0 };
  let after: PackPlace | undefined;
  await inSlices(ports.clock, signal, async () => {
    const place = after === undefined ? {} : { after };
    const { packs, bytes, next } = await store.write.snapshotsCollect({
      createdBefore,
      limit: packsPerSlice,
      ...place,
      ...lead,
    });
    removed.count += packs;
    removed.bytes += bytes;
    after = next;
    return next !== undefined;
  });
  return removed;
}

async function collectQueues({ store, ports }: JanitorParts, lead: Lead, signal: AbortSignal): Promise<void> {
  const idle = { usedBefore: ports.clock.now() - queueIdleMs, limit: rowsPerSlice, ...lead };
  await inSlices(ports.clock, signal, async () => {
    const { queues, names } = await store.write.queuesCollect(idle);
    return Math.max(queues, names) === rowsPerSlice;
  });
}

async function forgetImages({ store, ports }: JanitorParts, lead: Lead, signal: AbortSignal): Promise<void> {
  const old = { before: ports.clock.now() - imagesKeptMs, limit: rowsPerSlice, ...lead };
  await inSlices(ports.clock, signal, async () => (await store.write.imagesForget(old)) === rowsPerSlice);
}

/**
 * A worker stores its blobs before the result that names them, and the result may be days late: it waits on the worker
 * while the coordinator is away. So what was stored since the claim of the oldest live attempt stays as well.
 */
async function collectBlobs({ store, blobs, ports, graceMs }: JanitorParts, signal: AbortSignal) {
  const oldBefore = ports.clock.now() - graceMs;
  const removed = { count: 0, bytes: 0 };
  for await (const digests of blobs.old(oldBefore)) {
    const { unnamed, oldestClaim = oldBefore } = await store.read.blobsUnnamed({ digests });
    for (const digest of unnamed) {
      const bytes = await blobs.remove(digest, Math.min(oldBefore, oldestClaim));
      if (bytes === undefined) continue;
      removed.count += 1;
      removed.bytes += bytes;
    }
    await pause(ports.clock, breatherMs, signal);
  }
  return removed;
}

/** Until a slice says that it was the last. */
async function inSlices(clock: Clock, signal: AbortSignal, slice: () => Promise<boolean>): Promise<void> {
  while (await slice()) await pause(clock, breatherMs, signal);
  signal.throwIfAborted();
}
