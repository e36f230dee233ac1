/**
 * From a credential to a caller. Each kind of credential has an {@link Authenticator}; they are asked in order, and the
 * first that knows the credential decides. The same credential may be shown again while its call lasts.
 */

import { Code, ConnectError } from "@connectrpc/connect";
import type { Caller, Peer } from "./caller.ts";

/** What a request shows. */
export interface Credential {
  /** Of `authorization: Bearer <token>`. */
  readonly token?: string;
  readonly peer: Peer;
}

/**
 * Undefined: not of this kind, ask the next one. Rejects with {@link unauthenticated}: of this kind, and not valid (any
 * more), which ends the search.
 */
export type Authenticator = (credential: Credential) => Caller | undefined | Promise<Caller | undefined>;

/** Rejects with Unauthenticated; never resolves to nobody. */
export type Authenticate = (credential: Credential) => Promise<Caller>;

export function authenticateBy(authenticators: readonly Authenticator[]): Authenticate {
  return async (credential) => {
    for (const ask of authenticators) {
      const caller = await ask(credential);
      if (caller !== undefined) return caller;
    }
    throw unauthenticated(
      credential.token === undefined
        ? "a token is required: send `authorization: Bearer <token>`"
        : "the token is not valid for this coordinator",
    );
  };
}

/** @param header value of `authorization`; one that is no bearer token counts as none */
export function credentialOf(header: string | null | undefined, peer: Peer): Credential {
  const [, token] = /^Bearer (\S{1,512})$/.exec(header ?? "") ?? [];
  return token === undefined ? { peer } : { token, peer };
}

export const unauthenticated = (message: string): ConnectError =>
  new ConnectError(message, Code.Unauthenticated);
