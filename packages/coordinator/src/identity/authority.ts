/** The cluster's authority, opened when it is first needed, and the one that the database knows. */

import { FaultError, type Ports } from "@haversack/base";
import type { Store } from "../store/store.ts";
import { type ClusterCa, openClusterCa, serverTtlMs } from "./cluster-ca.ts";
import type { KeySource } from "./tls-keys.ts";

export interface AuthorityParts {
  readonly folder: string;
  /** It becomes the one that the database knows; workers of another one have to join again. */
  readonly replace: boolean;
  readonly store: Pick<Store, "write">;
  readonly ports: Ports;
}

/** The same one each time. Rejects with FaultError `conflict` when the database knows another one. */
export type Authority = () => Promise<ClusterCa>;

export function lazyAuthority(parts: AuthorityParts): Authority {
  let opened: Promise<ClusterCa> | undefined;
  return () => {
    opened ??= open(parts).catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };
}

async function open({ folder, replace, store, ports }: AuthorityParts): Promise<ClusterCa> {
  const ca = await openClusterCa(folder, ports.clock.now());
  if ((await store.write.clusterCaPin({ pin: ca.pin, replace })) === ca.pin) return ca;
  const message = `the certificate authority in ${folder} is not the one that this database knows; coordinators of one database share it: name its folder with --ca-dir. If it is lost, --ca-replace makes this one count, and every worker with a certificate joins again`;
  throw new FaultError("conflict", "another_ca", message);
}

/** Certificates of the authority for a listener, renewed at half their time. */
export function issuedKeys(authority: Authority, names: readonly string[], ports: Ports): KeySource {
  return {
    version: async () => `${Math.floor(ports.clock.now() / (serverTtlMs / 2))}`,
    async read() {
      const { key, certificate } = await (await authority()).issueServer(names, ports.clock.now());
      return { key, cert: certificate };
    },
  };
}
