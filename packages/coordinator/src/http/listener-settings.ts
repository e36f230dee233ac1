/** Where the coordinator listens, and how it proves itself there. */

import type { Ms } from "@haversack/base";
import type { Advertised } from "../relay/address.ts";
import type { Address } from "./server.ts";

export interface ListenerSettings {
  readonly tls: TlsSettings | undefined;
  /** Names and addresses that the coordinator goes by, beside that of the listener and those of loopback. Lower case. */
  readonly tlsNames: readonly string[];
  /** Undefined: there is none, and workers prove themselves with credentials of this machine. */
  readonly listenWorkers: Address | undefined;
  /** Where other coordinators reach this one. */
  readonly advertised: Advertised;
  readonly caDir: string;
  readonly caReplace: boolean;
  /** Plain text on a public listener. */
  readonly insecure: boolean;
  readonly workerCertTtlMs: Ms;
}

export type TlsSettings =
  | { readonly kind: "auto" }
  | { readonly kind: "files"; readonly certFile: string; readonly keyFile: string };
