/** Who calls, by its credential: found before a method runs, read by what records who did something. */

import type { Socket } from "node:net";
import { type ContextValues, createContextKey } from "@connectrpc/connect";
import { present } from "@haversack/base";
import type { Role } from "@haversack/protocol";

export interface Caller {
  /** `file`: a token of the data folder; `token`: one that was made; `certificate`, `credential`, `join`: of a worker. */
  readonly kind: "file" | "token" | "certificate" | "credential" | "join";
  /** Of the credential, unique within its kind. */
  readonly id: string;
  readonly role: Role;
  /** What people call it: what an answer and the audit log say. */
  readonly name: string;
  /** The only worker that it may speak as; absent: its credential names none. */
  readonly workerId?: string;
}

/** The other end of the connection. */
export interface Peer {
  /** Empty: already gone. */
  readonly address: string;
  /** A TLSSocket where the connection has TLS, with the certificate that it showed. Absent in tests only. */
  readonly socket?: Socket;
  /** Tells the server that somebody answers for this connection. Absent in tests only. */
  readonly proved?: () => void;
}

export const callerKey = createContextKey<Caller | undefined>(undefined, {
  description: "whose credential the call carries",
});
export const peerKey = createContextKey<Peer>({ address: "" }, { description: "where the call comes from" });

/** Another coordinator has done the call, and written down who made it. */
export const doneElsewhereKey = createContextKey<boolean>(false, {
  description: "whether another coordinator did it",
});

/** Of a call of a method that is not public. */
export const callerIn = (values: ContextValues): Caller => present(values.get(callerKey), "the caller");
