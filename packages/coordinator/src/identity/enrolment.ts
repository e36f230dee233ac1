/**
 * How a worker becomes one and stays one. The certificate is made before the transaction that gives it its right: without
 * the row it counts for nothing, and a worker whose answer was lost asks again.
 */

import { X509Certificate } from "node:crypto";
import { type Clock, FaultError, type Ms } from "@haversack/base";
import type { WorkerId } from "@haversack/protocol";
import type { Caller, Peer } from "../auth/caller.ts";
import type { Store } from "../store/store.ts";
import { isLocal, keyHashOf } from "./authenticators.ts";
import type { Authority } from "./authority.ts";

export interface EnrolmentParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly authority: Authority;
  readonly certTtlMs: Ms;
  /** Credentials without TLS are given to other machines, too. */
  readonly insecure: boolean;
  /** Of the listener for workers with certificates; undefined: there is none. */
  readonly workersPort: () => number | undefined;
  /** Ends the session of a worker for good. */
  readonly end: (id: WorkerId, reason: string) => void;
}

export interface JoinAsked {
  readonly workerId: WorkerId;
  readonly caller: Caller;
  readonly peer: Peer;
}

/** A certificate, DER, and where it is asked for. */
export interface Issued {
  readonly certificate: Uint8Array<ArrayBuffer>;
  readonly listener: { readonly port: number; readonly ca: Uint8Array<ArrayBuffer> };
}

type Request = Uint8Array<ArrayBuffer>;

export class Enrolment {
  readonly parts: EnrolmentParts;

  constructor(parts: EnrolmentParts) {
    this.parts = parts;
  }

  async joinWithKey({ workerId, caller }: JoinAsked, request: Request): Promise<Issued> {
    const { clock, certTtlMs, store } = this.parts;
    const token = await this.#tokenOf(caller);
    if (token === undefined) {
      const message = "a certificate takes a join token: make one with `haversack join-token create`";
      throw new FaultError("denied", "no_join_token", message);
    }
    const now = clock.now();
    const issued = await this.#issue(workerId, request);
    const proof = { kind: "key", hash: issued.keyHash, expiresAt: now + certTtlMs } as const;
    await store.write.workerJoin({ workerId, token, proof, now });
    return issued.answer;
  }

  async joinWithCredential({ workerId, caller, peer }: JoinAsked, hash: Uint8Array) {
    if (hash.length !== 32)
      throw new FaultError(
        "invalid",
        "bad_field",
        `credential_hash: expected 32 bytes, found ${hash.length}`,
      );
    if (!this.parts.insecure && !isLocal(peer)) {
      const message =
        "from another machine a worker joins with a join token over https: make one with `haversack join-token create`";
      throw new FaultError("denied", "not_local", message);
    }
    const token = await this.#tokenOf(caller);
    const proof = { kind: "credential", hash: Buffer.from(hash).toString("hex") } as const;
    const { clock, store } = this.parts;
    await store.write.workerJoin({
      workerId,
      proof,
      now: clock.now(),
      ...(token === undefined ? {} : { token }),
    });
    return {};
  }

  /** @param shown digest of the key that was shown; undefined: that of the request, which must be the worker's own */
  async renew(workerId: WorkerId, request: Request, shown: string | undefined): Promise<Issued> {
    const { clock, certTtlMs, store } = this.parts;
    const now = clock.now();
    const { keyHash, answer } = await this.#issue(workerId, request);
    const shownKeyHash = shown ?? keyHash;
    await store.write.workerRenew({ workerId, shownKeyHash, keyHash, expiresAt: now + certTtlMs, now });
    return answer;
  }

  /** @returns how many leases it lost */
  async revoke(workerId: WorkerId): Promise<number> {
    const { store, clock, end } = this.parts;
    const lost = await store.write.workerRevoke({ workerId, now: clock.now() });
    end(workerId, "this worker was revoked");
    return lost;
  }

  async #issue(workerId: WorkerId, request: Request) {
    const port = this.parts.workersPort();
    if (port === undefined) {
      const message =
        "this coordinator has no listener for workers with certificates: start it with --listen-workers HOST:PORT";
      throw new FaultError("invalid", "no_worker_listener", message);
    }
    const ca = await this.parts.authority();
    const validity = { now: this.parts.clock.now(), ttlMs: this.parts.certTtlMs };
    const made = new X509Certificate(await ca.issueWorker(workerId, request, validity));
    const listener = { port, ca: new Uint8Array(new X509Certificate(ca.certificate).raw) };
    const answer: Issued = { certificate: new Uint8Array(made.raw), listener };
    return { keyHash: keyHashOf(made), answer };
  }

  /** The right to join: a token's, or undefined for who may join without. Throws FaultError `denied` for a worker. */
  async #tokenOf({ kind, id, workerId }: Caller) {
    if (workerId !== undefined) {
      const message = "this is a worker already; what joins shows a join token";
      throw new FaultError("denied", "is_worker", message);
    }
    if (kind !== "join") return undefined;
    // That the caller has its secret was checked; the transaction finds it by both.
    const stored = await this.parts.store.read.joinTokenRead({ id });
    return { id, secretHash: stored?.secretHash ?? "" };
  }
}
