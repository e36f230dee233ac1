/** MemoryService: decode, call, encode. */

import type { ServiceImpl } from "@connectrpc/connect";
import { type Clock, FaultError } from "@haversack/base";
import {
  digestToBytes,
  type MemoryService,
  parseMemoryScopeName,
  ReviewDecision,
  reviewToWire,
  versionToWire,
} from "@haversack/protocol";
import type { Store } from "../store/store.ts";

const pageSizeMax = 500;
const pageSizeDefault = 50;

export function memoryService(store: Store, clock: Clock): ServiceImpl<typeof MemoryService> {
  return {
    async listScopes() {
      const scopes = await store.read.memoryScopes();
      return { scopes: scopes.map((scope) => ({ ...scope, size: BigInt(scope.size) })) };
    },
    async get({ scope: name, version }) {
      const scope = parseMemoryScopeName(name);
      const [newest] = version === 0 ? await store.read.memoryRead({ scopes: [scope] }) : [];
      const state = newest ?? (await store.read.memoryAt({ scope, version }));
      return { ...state, digest: digestToBytes(state.digest), entries: [...state.entries] };
    },
    async listVersions({ scope: name, pageSize, before }) {
      const versions = await store.read.memoryVersions({
        scope: parseMemoryScopeName(name),
        limit: sizeOf(pageSize),
        ...(before === 0 ? {} : { before }),
      });
      return { versions: versions.map(versionToWire) };
    },
    async listReviews({ scope, pageSize, pageToken }) {
      const { reviews, next } = await store.read.memoryReviews({
        after: positionOf(pageToken),
        limit: sizeOf(pageSize),
        ...(scope === "" ? {} : { scope: parseMemoryScopeName(scope) }),
      });
      return {
        reviews: reviews.map(reviewToWire),
        nextPageToken: next === undefined ? "" : String(next),
      };
    },
    async resolve({ id, decision, current }) {
      if (decision !== ReviewDecision.ACCEPT && decision !== ReviewDecision.DISMISS) {
        throw new FaultError("invalid", "bad_decision", "a review is resolved by accept or by dismiss");
      }
      const version = await store.write.memoryResolve({
        id,
        decision: decision === ReviewDecision.ACCEPT ? "accept" : "dismiss",
        now: clock.now(),
        ...(current === undefined ? {} : { current }),
      });
      return { version };
    },
    async revert({ scope, version }) {
      const name = parseMemoryScopeName(scope);
      return { version: await store.write.memoryRevert({ scope: name, version, now: clock.now() }) };
    },
  };
}

function sizeOf(asked: number): number {
  return asked === 0 ? pageSizeDefault : Math.min(asked, pageSizeMax);
}

function positionOf(token: string): number {
  if (token === "") return 0;
  if (/^[0-9]{1,15}$/.test(token)) return Number(token);
  throw new FaultError("invalid", "bad_page_token", "a page token is what an earlier page answered");
}
