/** What is in the pack of a task. */

import { digestToBytes, type SnapshotDescriptor, type Task } from "@haversack/protocol";
import { guardSnapshot, type SnapshotContent } from "@haversack/snapshot";
import { expect } from "vitest";
import type { Store } from "../store/store.ts";

/** What the worker would open: the bytes of the task, or those that it would fetch. */
export async function openTask(store: Store, { work }: Task): Promise<SnapshotContent> {
  const snapshot: SnapshotDescriptor = work.kind === "agent" ? work.snapshot : expect.fail("no agent step");
  const gzip = snapshot.gzip ?? (await store.read.snapshotRead({ digest: snapshot.digest })).gzip;
  return guardSnapshot(gzip, { ...snapshot, digest: digestToBytes(snapshot.digest) }).content;
}

export const digestOf = ({ work }: Task) => (work.kind === "agent" ? work.snapshot.digest : undefined);
export const notesOf = ({ memory }: SnapshotContent) => memory.dags["attach"]?.text;
export const soulOf = ({ souls }: SnapshotContent) => souls[0]?.text.trim();
