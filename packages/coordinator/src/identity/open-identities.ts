/** Who workers are, and who makes them: the cluster's authority, credentials, enrolment. */

import { join } from "node:path";
import type { Ports } from "@haversack/base";
import type { WorkerId } from "@haversack/protocol";
import type { Authenticator } from "../auth/authenticate.ts";
import type { Store } from "../store/store.ts";
import { byCertificate, workerCredentials } from "./authenticators.ts";
import { type Authority, lazyAuthority } from "./authority.ts";
import { caCertificateFile } from "./cluster-ca.ts";
import { Enrolment } from "./enrolment.ts";

export interface IdentityParts {
  readonly settings: {
    readonly caDir: string;
    readonly caReplace: boolean;
    readonly insecure: boolean;
    readonly workerCertTtlMs: number;
  };
  readonly store: Store;
  readonly ports: Ports;
  /** Of the listener for workers; undefined: there is none. */
  readonly workersPort: () => number | undefined;
  /** Closes the session of a worker that was revoked. */
  readonly end: (id: WorkerId, reason: string) => void;
}

export interface Identities {
  readonly authority: Authority;
  readonly enrolment: Enrolment;
  /** On every listener. */
  readonly credentials: readonly Authenticator[];
  /** @param cluster whose certificates count */
  readonly byCertificate: (cluster: string) => Authenticator;
  /** Certificate of the authority, where there is one. */
  readonly caFile: string;
}

export function openIdentities(parts: IdentityParts): Identities {
  const { settings, store, ports, workersPort, end } = parts;
  const { caDir: folder, caReplace: replace, insecure, workerCertTtlMs: certTtlMs } = settings;
  const { clock } = ports;
  const authority = lazyAuthority({ folder, replace, store, ports });
  const credentials = { store, clock, insecure };
  return {
    authority,
    enrolment: new Enrolment({ store, clock, authority, certTtlMs, insecure, workersPort, end }),
    credentials: workerCredentials(credentials),
    byCertificate: (cluster) => byCertificate(credentials, cluster),
    caFile: join(folder, caCertificateFile),
  };
}
