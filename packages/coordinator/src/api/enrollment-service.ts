/** EnrollmentService: decode, call, encode. */

import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { FaultError } from "@haversack/base";
import {
  type EnrollmentService,
  joinTokenText,
  newJoinToken,
  parseWorkerId,
  safeNumber,
  secretDigest,
} from "@haversack/protocol";
import { type Caller, callerKey, peerKey } from "../auth/caller.ts";
import { certificateOf, keyHashOf } from "../identity/authenticators.ts";
import type { Enrolment } from "../identity/enrolment.ts";
import { checkJoinToken } from "../identity/join-token-limits.ts";
import type { StoredJoinToken } from "../store/verbs/join-token-verbs.ts";

export function enrollmentService(enrolment: Enrolment): ServiceImpl<typeof EnrollmentService> {
  const { store, clock } = enrolment.parts;
  return {
    async join({ workerId, proof }, { values }) {
      const caller = callerOf({ values });
      const id = parseWorkerId(workerId);
      const asked = { workerId: id, caller, peer: values.get(peerKey) };
      if (proof.case === undefined)
        throw new FaultError("invalid", "missing_field", "proof: a csr or a credential_hash is required");
      return proof.case === "csr"
        ? await enrolment.joinWithKey(asked, new Uint8Array(proof.value))
        : await enrolment.joinWithCredential(asked, proof.value);
    },
    async renew({ csr }, { values }) {
      const certificate = certificateOf(values.get(peerKey));
      const { workerId } = callerOf({ values });
      if (certificate === undefined || workerId === undefined)
        throw new FaultError("invalid", "no_certificate", "renewal is asked for with the certificate itself");
      const shown = keyHashOf(certificate);
      return await enrolment.renew(parseWorkerId(workerId), new Uint8Array(csr), shown);
    },
    async rejoin({ csr }, { values }) {
      const { kind, workerId } = callerOf({ values });
      if (kind !== "certificate" || workerId === undefined)
        throw new FaultError(
          "denied",
          "no_key_proof",
          "rejoining takes a proof of the expired certificate's key",
        );
      return await enrolment.renew(parseWorkerId(workerId), new Uint8Array(csr), undefined);
    },
    async createJoinToken({ pool, labels, ttlMs, uses }, { values }) {
      const ttl = safeNumber(ttlMs, "ttl_ms");
      checkJoinToken({ pool, labels, ttlMs: ttl, uses });
      const token = newJoinToken((await enrolment.parts.authority()).pin);
      const createdAt = clock.now();
      const { name: createdBy } = callerOf({ values });
      const stored: StoredJoinToken = {
        id: token.id,
        secretHash: secretDigest(token.secret),
        ...(pool === "" ? {} : { pool }),
        labels,
        usesLeft: uses,
        createdBy,
        createdAt,
        expiresAt: createdAt + ttl,
      };
      await store.write.joinTokenCreate(stored);
      return { token: joinTokenText(token), info: toWire(stored) };
    },
    async listJoinTokens() {
      const tokens = await store.read.joinTokensList({ now: clock.now() });
      return { tokens: tokens.map(toWire) };
    },
    async deleteJoinToken({ id }) {
      if (await store.write.joinTokenDelete({ id })) return {};
      throw new FaultError("missing", "unknown_join_token", "there is no join token with this id");
    },
    async revokeWorker({ workerId }) {
      return { leasesLost: await enrolment.revoke(parseWorkerId(workerId)) };
    },
  };
}

function callerOf({ values }: Pick<HandlerContext, "values">): Caller {
  const caller = values.get(callerKey);
  if (caller === undefined) throw new FaultError("bug", "no_caller", "the call passed without a caller");
  return caller;
}

const toWire = (token: StoredJoinToken) => ({
  id: token.id,
  pool: token.pool ?? "",
  labels: { ...token.labels },
  usesLeft: token.usesLeft,
  createdBy: token.createdBy,
  createdAt: timestampFromMs(token.createdAt),
  expiresAt: timestampFromMs(token.expiresAt),
});
