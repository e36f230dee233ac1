/** What a worker says of itself that does not change while it lives. */

import type { WorkerHello } from "@haversack/protocol";
import { type Feature, features, formatVersionMax, formatVersionMin } from "@haversack/snapshot";
import type { WorkerSettings } from "../config/settle.ts";
import { version } from "../version.ts";

/** Of what packs may ask for, what this version can do and not only read. */
const executable: ReadonlySet<Feature> = new Set<Feature>(["memory.ops", "skills"]);

/** @param found labels of what the host allows */
export const helloOf = (
  { name, labels, slots }: Pick<WorkerSettings, "name" | "labels" | "slots">,
  found: Readonly<Record<string, string>>,
): Omit<WorkerHello, "workerId" | "bootId" | "snapshotsHeld" | "held"> => ({
  name,
  version,
  labels: new Map([...labels, ...Object.entries(found)]),
  slots,
  snapshotMinVersion: formatVersionMin,
  snapshotMaxVersion: formatVersionMax,
  snapshotFeatures: features.filter((feature) => executable.has(feature)),
});
