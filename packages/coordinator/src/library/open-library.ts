/** The agent library and the vault of this coordinator with what is made of them: packs, and submissions that pin them. */

import type { Ports } from "@haversack/base";
import type { TraceSettings } from "@haversack/protocol";
import type { SnapshotLimits } from "@haversack/snapshot";
import { attemptTokens } from "../secrets/attempt-tokens.ts";
import { Vault, type VaultPlace } from "../secrets/vault.ts";
import type { Store } from "../store/store.ts";
import { Library } from "./library.ts";
import { Snapshots } from "./snapshots.ts";
import { Submitter } from "./submit.ts";
import { childSubmitter } from "./submit-child.ts";
import { openTraces } from "./traces.ts";

interface Asked {
  readonly agentsDir: string;
  /** Stands in the place of `model` in config.yaml. */
  readonly model: string | undefined;
  readonly snapshotLimits: SnapshotLimits;
  readonly vault: VaultPlace;
  /** Undefined: no traces are asked for. */
  readonly traces?: TraceSettings | undefined;
}

export function openLibrary(store: Store, asked: Asked, ports: Ports) {
  const { agentsDir, model, snapshotLimits } = asked;
  const vault = new Vault(asked.vault, ports.clock);
  const library = new Library(agentsDir, model, snapshotLimits, () => vault.names());
  const snapshots = new Snapshots(store, library);
  const children = childSubmitter(store, library);
  const tracing = openTraces(store, asked.traces, ports);
  const submitter = new Submitter(store, snapshots, ports, tracing);
  const services = tracing === undefined ? [] : [tracing];
  return { snapshots, submitter, children, vault, attemptTokens: attemptTokens(vault), services };
}
