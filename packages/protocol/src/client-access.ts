/** Who may do what, and who did what, as a client uses it. */

import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Client } from "@connectrpc/connect";
import { once } from "./calls.ts";
import type { ApiToken, AuditCheck, AuditEntry, TokenRole } from "./model/access.ts";
import type { AccessService } from "./services.ts";
import {
  auditCheckFromWire,
  auditEntryFromWire,
  roleFromWire,
  roleToWire,
  tokenFromWire,
} from "./wire/access-wire.ts";
import { required, safeNumber } from "./wire/fields.ts";

export interface TokenRequest {
  readonly name: string;
  readonly role: TokenRole;
  /** 0: as long as is usual. */
  readonly lifetimeSeconds: number;
}

export interface Paging {
  /** 0: as many as is usual. */
  readonly pageSize: number;
  /** Empty: the first page. */
  readonly pageToken: string;
}

export interface AuditFilter extends Paging {
  /** Milliseconds since 1970. */
  readonly since?: number;
  /** Name or id of a caller. */
  readonly who?: string;
}

/** Who calls, as the coordinator knows them by their token. */
export interface Identity {
  readonly name: string;
  readonly role: TokenRole;
}

/** Every method rejects with a FaultError. */
export interface AccessClient {
  whoAmI(signal: AbortSignal): Promise<Identity>;
  /** @returns `secret`: the token itself, told this once */
  createToken(request: TokenRequest, signal: AbortSignal): Promise<{ token: ApiToken; secret: string }>;
  /** Newest first. */
  tokens(page: Paging, signal: AbortSignal): Promise<{ tokens: readonly ApiToken[]; nextPageToken: string }>;
  /** @returns whether it was not revoked before */
  revokeToken(id: string, signal: AbortSignal): Promise<boolean>;
  /** Newest first. */
  audit(
    filter: AuditFilter,
    signal: AbortSignal,
  ): Promise<{ entries: readonly AuditEntry[]; nextPageToken: string }>;
  verifyAudit(signal: AbortSignal): Promise<AuditCheck>;
  /** Removes the oldest rows. @param before milliseconds since 1970 @returns how many went */
  cutAudit(before: number, signal: AbortSignal): Promise<number>;
}

export function accessClient(client: Client<typeof AccessService>): AccessClient {
  return {
    async whoAmI(signal) {
      const { name, role } = await once(client.whoAmI({}, { signal }), signal);
      return { name, role: roleFromWire(role) };
    },
    async createToken({ role, ...rest }, signal) {
      const asked = client.createToken({ ...rest, role: roleToWire[role] }, { signal });
      const { token, secret } = await once(asked, signal);
      return { token: tokenFromWire(required(token, "token")), secret };
    },
    async tokens(page, signal) {
      const { tokens, nextPageToken } = await once(client.listTokens(page, { signal }), signal);
      return { tokens: tokens.map(tokenFromWire), nextPageToken };
    },
    async revokeToken(id, signal) {
      return (await once(client.revokeToken({ id }, { signal }), signal)).changed;
    },
    async audit({ since, who = "", ...page }, signal) {
      const from = since === undefined ? {} : { since: timestampFromMs(since) };
      const answer = await once(client.listAudit({ ...page, ...from, who }, { signal }), signal);
      return { entries: answer.entries.map(auditEntryFromWire), nextPageToken: answer.nextPageToken };
    },
    async verifyAudit(signal) {
      return auditCheckFromWire(await once(client.verifyAudit({}, { signal }), signal));
    },
    async cutAudit(before, signal) {
      const asked = client.cutAudit({ before: timestampFromMs(before) }, { signal });
      return safeNumber((await once(asked, signal)).removed, "removed");
    },
  };
}
