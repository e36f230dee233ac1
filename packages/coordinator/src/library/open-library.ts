/** The agent library of this coordinator with what is made of it: packs, and submissions that pin them. */

import type { Ports } from "@haversack/base";
import type { Store } from "../store/store.ts";
import { Library } from "./library.ts";
import { Snapshots } from "./snapshots.ts";
import { Submitter } from "./submit.ts";

/** @param model stands in the place of `model` in config.yaml */
export function openLibrary(store: Store, agentsDir: string, model: string | undefined, ports: Ports) {
  const snapshots = new Snapshots(store, new Library(agentsDir, model));
  return { snapshots, submitter: new Submitter(store, snapshots, ports) };
}
