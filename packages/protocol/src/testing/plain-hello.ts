/** What a made-up worker says of itself. */

import { parseBootId, parseWorkerId } from "../model/ids.ts";
import type { WorkerHello } from "../model/worker-info.ts";

/** @param more in place of what every one says */
export const plainHello = (id: string, more: Partial<WorkerHello> = {}): WorkerHello => ({
  workerId: parseWorkerId(id),
  bootId: parseBootId(`${id}-boot`),
  name: id,
  version: "test",
  labels: new Map(),
  slots: 1,
  snapshotMinVersion: 1,
  snapshotMaxVersion: 1,
  snapshotFeatures: [],
  snapshotsHeld: [],
  held: [],
  ...more,
});
