/** How a test or a benchmark that speaks for a worker dials a coordinator on this machine. */

import { systemClock } from "@haversack/base";
import { parseWorkerId, secretDigest, type WorkerId } from "@haversack/protocol";
import { Access, bearer } from "../identity/access.ts";
import { join } from "../identity/calls.ts";
import { newCredentialIdentity } from "../identity/identity-file.ts";

/** Of a coordinator that asks for nothing. */
export const openAccess = (workerId: WorkerId = parseWorkerId("w")): Access =>
  new Access({ localCa: undefined }, { ...newCredentialIdentity(workerId), joined: true });

/** @param token one that may join */
export async function joinedAccess(url: string, workerId: WorkerId, token: string): Promise<Access> {
  const access = openAccess(workerId);
  const { identity } = access;
  if (identity.kind !== "credential") throw new Error("made with a credential");
  const value = new Uint8Array(Buffer.from(secretDigest(identity.credential), "hex"));
  const asked = {
    channel: access.channel(new URL(url)),
    metadata: bearer(token),
    signal: AbortSignal.timeout(20_000),
    deadline: systemClock.now() + 20_000,
  };
  await join(asked, { workerId, proof: { case: "credentialHash", value } });
  return access;
}
