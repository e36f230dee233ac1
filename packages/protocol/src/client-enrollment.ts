/** What lets workers join, and the end of their rights, as a client uses them. */

import type { Client } from "@connectrpc/connect";
import { once } from "./calls.ts";
import type { JoinTokenAsked, JoinTokenInfo } from "./model/join-token-info.ts";
import type { EnrollmentService } from "./services.ts";
import { joinTokenFromWire } from "./wire/enrollment-wire.ts";
import { required } from "./wire/fields.ts";

/** Every method rejects with a FaultError. */
export interface EnrollmentClient {
  /** @returns the token itself, which nobody tells again */
  createJoinToken(
    asked: JoinTokenAsked,
    signal: AbortSignal,
  ): Promise<{ token: string; info: JoinTokenInfo }>;
  joinTokens(signal: AbortSignal): Promise<readonly JoinTokenInfo[]>;
  deleteJoinToken(id: string, signal: AbortSignal): Promise<void>;
  /** @param workerId whole. @returns how many steps go to other workers */
  revokeWorker(workerId: string, signal: AbortSignal): Promise<number>;
}

export function enrollmentClient(client: Client<typeof EnrollmentService>): EnrollmentClient {
  return {
    async createJoinToken({ pool = "", labels, ttlMs, uses }, signal) {
      const asked = { pool, labels: { ...labels }, ttlMs: BigInt(ttlMs), uses };
      const { token, info } = await once(client.createJoinToken(asked, { signal }), signal);
      return { token, info: joinTokenFromWire(required(info, "info")) };
    },
    async joinTokens(signal) {
      return (await once(client.listJoinTokens({}, { signal }), signal)).tokens.map(joinTokenFromWire);
    },
    async deleteJoinToken(id, signal) {
      await once(client.deleteJoinToken({ id }, { signal }), signal);
    },
    async revokeWorker(workerId, signal) {
      return (await once(client.revokeWorker({ workerId }, { signal }), signal)).leasesLost;
    },
  };
}
