/** AccessService: decode, call, encode. */

import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { ConnectRouter, ServiceImpl } from "@connectrpc/connect";
import { type Clock, FaultError } from "@haversack/base";
import {
  AccessService,
  type ApiToken,
  auditCheckToWire,
  auditEntryToWire,
  required,
  roleFromWire,
  roleToWire,
  tokenRoles,
  tokenToWire,
} from "@haversack/protocol";
import { ApiTokens } from "../auth/api-tokens.ts";
import { callerIn } from "../auth/caller.ts";
import { makeToken } from "../auth/token-text.ts";
import type { Store } from "../store/store.ts";
import { pageLimit } from "./page-size.ts";
import { verifyAudit } from "./verify-audit.ts";

export interface AccessParts {
  readonly store: Pick<Store, "read" | "write">;
  readonly tokens: ApiTokens;
  readonly clock: Pick<Clock, "now">;
}

/** What is known of tokens, and asked of the store. */
export const tokensIn = ({ read, write }: AccessParts["store"], clock: Clock): ApiTokens =>
  new ApiTokens(
    { read: (id) => read.tokenRead({ id }), used: (id, at) => write.tokenUsed({ id, at }) },
    clock,
  );

export const accessRoutes =
  (parts: AccessParts) =>
  (router: ConnectRouter): ConnectRouter =>
    router.service(AccessService, accessService(parts));

const pageSizeDefault = 50;
const pageSizeMax = 500;
const lifetimeDefaultSeconds = 90 * 86_400;
const lifetimeMaxSeconds = 365 * 86_400;

function accessService({ store, tokens, clock }: AccessParts): ServiceImpl<typeof AccessService> {
  return {
    async whoAmI(_request, { values }) {
      const { name, role } = callerIn(values);
      const told = tokenRoles.find((each) => each === role);
      return { name, ...(told === undefined ? {} : { role: roleToWire[told] }) };
    },
    async createToken({ name, role: wireRole, lifetimeSeconds }, { values }) {
      checkName(name);
      const role = roleFromWire(wireRole);
      const { id, text, hash } = makeToken();
      const createdAt = clock.now();
      const createdBy = callerIn(values).name;
      const expiresAt = createdAt + lifetimeMs(lifetimeSeconds);
      const token: ApiToken = { id, name, role, createdAt, createdBy, expiresAt };
      await store.write.tokenCreate({ ...token, hash });
      return { token: tokenToWire(token), secret: text };
    },
    async listTokens({ pageSize, pageToken }) {
      const limit = pageLimit(pageSize, pageSizeDefault, pageSizeMax);
      const found = await store.read.tokensList({ before: placeOf(pageToken), limit: limit + 1 });
      const page = found.slice(0, limit);
      const nextPageToken = found.length > limit ? String(page.at(-1)?.place) : "";
      return { tokens: page.map(({ token }) => tokenToWire(token)), nextPageToken };
    },
    async revokeToken({ id }) {
      const changed = await store.write.tokenRevoke({ id, now: clock.now() });
      tokens.forget(id);
      return { changed };
    },
    async listAudit({ pageSize, pageToken, since: from, who }) {
      const limit = pageLimit(pageSize, pageSizeDefault, pageSizeMax);
      const since = from === undefined ? 0 : timestampMs(from);
      const query = { before: placeOf(pageToken), since, who, limit: limit + 1 };
      const found = await store.read.auditList(query);
      const page = found.slice(0, limit);
      const nextPageToken = found.length > limit ? String(page.at(-1)?.no) : "";
      return { entries: page.map(auditEntryToWire), nextPageToken };
    },
    async verifyAudit() {
      return auditCheckToWire(await verifyAudit(store));
    },
    async cutAudit({ before }) {
      const moment = timestampMs(required(before, "before"));
      if (moment > clock.now()) {
        throw new FaultError("invalid", "bad_moment", "before is not to be in the future");
      }
      return { removed: BigInt(await store.write.auditCut({ before: moment })) };
    },
  };
}

/** What nobody sees or what turns text around hides who it is. */
const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
const nameCharactersMax = 200;
/** They stand for others in what is recorded. */
const taken: readonly string[] = ["admin", "worker", "timeout"];

function checkName(name: string): void {
  if (taken.includes(name)) {
    const message = `name: ${name} stands for ${name === "timeout" ? "nobody at all" : `the ${name}.token of the data folder`}; choose another one`;
    throw new FaultError("invalid", "bad_token_name", message);
  }
  if (name.trim() === name && name !== "" && name.length <= nameCharactersMax && !hidden.test(name)) return;
  const message = `name: expected 1 to ${nameCharactersMax} characters that can be seen, without spaces around them`;
  throw new FaultError("invalid", "bad_token_name", message);
}

function lifetimeMs(seconds: number): number {
  if (seconds > lifetimeMaxSeconds) {
    const message = `lifetime_seconds is ${seconds}, at most ${lifetimeMaxSeconds}, which is 365 days`;
    throw new FaultError("invalid", "bad_lifetime", message);
  }
  return 1000 * (seconds === 0 ? lifetimeDefaultSeconds : seconds);
}

function placeOf(pageToken: string): number {
  if (pageToken === "") return 0;
  if (/^[1-9]\d{0,14}$/.test(pageToken)) return Number(pageToken);
  const message = "page_token is not one that a page of this list ended with";
  throw new FaultError("invalid", "bad_page_token", message);
}
