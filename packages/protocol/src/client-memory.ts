/** Memory as a client uses it. */

import type { Client } from "@connectrpc/connect";
import { once } from "./calls.ts";
import { digestOfBytes } from "./model/ids.ts";
import {
  type MemoryScopeInfo,
  type MemoryScopeName,
  type MemoryState,
  type MemoryVersion,
  parseMemoryScopeName,
} from "./model/memory.ts";
import type { MemoryReview, ReviewResolution } from "./model/review.ts";
import { type MemoryService, ReviewDecision } from "./services.ts";
import { safeNumber } from "./wire/fields.ts";
import { reviewFromWire, versionFromWire } from "./wire/memory-wire.ts";

export interface ReviewFilter {
  readonly scope?: MemoryScopeName;
  readonly pageSize?: number;
  readonly pageToken?: string;
}

export interface VersionFilter {
  readonly scope: MemoryScopeName;
  readonly pageSize?: number;
  /** Only versions before this one. */
  readonly before?: number;
}

/** Every method rejects with a FaultError. */
export interface MemoryClient {
  memoryScopes(signal: AbortSignal): Promise<readonly MemoryScopeInfo[]>;
  /** @param version absent: the newest */
  memory(scope: MemoryScopeName, version: number | undefined, signal: AbortSignal): Promise<MemoryState>;
  /** Newest first. */
  memoryVersions(filter: VersionFilter, signal: AbortSignal): Promise<readonly MemoryVersion[]>;
  /** Oldest first. */
  memoryReviews(
    filter: ReviewFilter,
    signal: AbortSignal,
  ): Promise<{ reviews: readonly MemoryReview[]; nextPageToken: string }>;
  /** @returns the scope's version after it */
  resolveReview(resolution: ReviewResolution, signal: AbortSignal): Promise<number>;
  /** @returns the scope's version after it */
  revertMemory(scope: MemoryScopeName, version: number, signal: AbortSignal): Promise<number>;
}

export function memoryClient(client: Client<typeof MemoryService>): MemoryClient {
  return {
    async memoryScopes(signal) {
      const { scopes } = await once(client.listScopes({}, { signal }), signal);
      return scopes.map(({ name, version, entries, size, inReview }) => ({
        name: parseMemoryScopeName(name),
        version,
        entries,
        size: safeNumber(size, "scope.size"),
        inReview,
      }));
    },
    async memory(scope, version, signal) {
      const answer = await once(client.get({ scope, version: version ?? 0 }, { signal }), signal);
      return {
        scope: parseMemoryScopeName(answer.scope),
        version: answer.version,
        digest: digestOfBytes(answer.digest),
        entries: answer.entries.map(({ id, text, source }) => ({ id, text, source })),
      };
    },
    async memoryVersions({ scope, pageSize = 0, before = 0 }, signal) {
      const answer = await once(client.listVersions({ scope, pageSize, before }, { signal }), signal);
      return answer.versions.map(versionFromWire);
    },
    async memoryReviews({ scope, pageSize = 0, pageToken = "" }, signal) {
      const request = { scope: scope ?? "", pageSize, pageToken };
      const { reviews, nextPageToken } = await once(client.listReviews(request, { signal }), signal);
      return { reviews: reviews.map(reviewFromWire), nextPageToken };
    },
    async resolveReview({ id, decision, current }, signal) {
      const request = {
        id,
        decision: decision === "accept" ? ReviewDecision.ACCEPT : ReviewDecision.DISMISS,
        ...(current === undefined ? {} : { current }),
      };
      return (await once(client.resolve(request, { signal }), signal)).version;
    },
    async revertMemory(scope, version, signal) {
      return (await once(client.revert({ scope, version }, { signal }), signal)).version;
    },
  };
}
