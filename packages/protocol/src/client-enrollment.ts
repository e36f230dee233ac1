/** What lets workers join, and the end of their rights, as a client uses them. */

import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { Client } from "@connectrpc/connect";
import { once } from "./calls.ts";
import type { JoinToken as WireToken } from "./gen/haversack/v1/enrollment_service_pb.ts";
import type { EnrollmentService } from "./services.ts";
import { required } from "./wire/fields.ts";

export interface JoinTokenInfo {
  readonly id: string;
  readonly pool?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly usesLeft: number;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

export interface JoinTokenAsked {
  readonly pool?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly ttlMs: number;
  readonly uses: number;
}

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
      return { token, info: infoFromWire(required(info, "info")) };
    },
    async joinTokens(signal) {
      return (await once(client.listJoinTokens({}, { signal }), signal)).tokens.map(infoFromWire);
    },
    async deleteJoinToken(id, signal) {
      await once(client.deleteJoinToken({ id }, { signal }), signal);
    },
    async revokeWorker(workerId, signal) {
      return (await once(client.revokeWorker({ workerId }, { signal }), signal)).leasesLost;
    },
  };
}

const infoFromWire = ({
  id,
  pool,
  labels,
  usesLeft,
  createdBy,
  createdAt,
  expiresAt,
}: WireToken): JoinTokenInfo => ({
  id,
  ...(pool === "" ? {} : { pool }),
  labels,
  usesLeft,
  createdBy,
  createdAt: timestampMs(required(createdAt, "created_at")),
  expiresAt: timestampMs(required(expiresAt, "expires_at")),
});
