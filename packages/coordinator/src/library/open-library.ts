/** The agent library of this coordinator with what is made of it: packs, and submissions that pin them. */

import type { Ports } from "@haversack/base";
import type { SnapshotLimits } from "@haversack/snapshot";
import type { Store } from "../store/store.ts";
import { Library } from "./library.ts";
import { Snapshots } from "./snapshots.ts";
import { Submitter } from "./submit.ts";
import { childSubmitter } from "./submit-child.ts";

interface Asked {
  readonly agentsDir: string;
  /** Stands in the place of `model` in config.yaml. */
  readonly model: string | undefined;
  readonly snapshotLimits: SnapshotLimits;
}

export function openLibrary(store: Store, { agentsDir, model, snapshotLimits }: Asked, ports: Ports) {
  const library = new Library(agentsDir, model, snapshotLimits);
  const snapshots = new Snapshots(store, library);
  const children = childSubmitter(store, library);
  return { snapshots, submitter: new Submitter(store, snapshots, ports), children };
}
