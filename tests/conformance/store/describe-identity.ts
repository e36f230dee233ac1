/** Who workers are: joining, renewing, revoking, and what an attempt is to a worker. */

import { parseWorkerId } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import type { OpenStore } from "./describe-store.ts";
import { dag, step, World } from "./store-world.ts";

const id = "0123456789abcdef";
const dayMs = 86_400_000;

class JoinWorld extends World {
  async token(more: { usesLeft?: number; pool?: string; labels?: Record<string, string> } = {}) {
    const { now: createdAt } = this;
    const token = { id, secretHash: "s", labels: {}, usesLeft: 1, createdBy: "admin", createdAt, ...more };
    await this.store.write.joinTokenCreate({ ...token, expiresAt: createdAt + 1000 });
  }

  join(worker: string, keyHash = `key of ${worker}`, secretHash = "s") {
    const { now } = this;
    const proof = { kind: "key", hash: keyHash, expiresAt: now + dayMs } as const;
    return this.store.write.workerJoin({
      workerId: parseWorkerId(worker),
      token: { id, secretHash },
      proof,
      now,
    });
  }

  /** With the token of a data folder. */
  joinHere(worker: string, credentialHash = `credential of ${worker}`) {
    const proof = { kind: "credential", hash: credentialHash } as const;
    return this.store.write.workerJoin({ workerId: parseWorkerId(worker), proof, now: this.now });
  }

  renew(worker: string, shownKeyHash: string, keyHash = shownKeyHash) {
    const { now } = this;
    const expiresAt = now + dayMs;
    const workerId = parseWorkerId(worker);
    return this.store.write.workerRenew({ workerId, shownKeyHash, keyHash, expiresAt, now });
  }

  revoke(worker: string) {
    return this.store.write.workerRevoke({ workerId: parseWorkerId(worker), now: this.now });
  }

  identity(worker: string) {
    return this.store.read.workerIdentity({ workerId: parseWorkerId(worker) });
  }
}

type Body = (world: JoinWorld) => Promise<void>;

export function describeIdentity(name: string, open: OpenStore): void {
  const inWorld = (body: Body) => async () => {
    await using store = await open();
    await body(new JoinWorld(store));
  };
  describe(`${name}: joining`, () => {
    describeJoining(inWorld);
    describeBeingKnown(inWorld);
  });
  describe(`${name}: staying`, () => {
    describeStaying(inWorld);
  });
  describe(`${name}: revoking`, () => {
    describeRevoking(inWorld);
  });
}

type InWorld = (body: Body) => () => Promise<void>;

function describeJoining(inWorld: InWorld): void {
  test(
    "a token makes one worker, with the pool and the labels of the token",
    inWorld(async (world) => {
      await world.token({ pool: "gpu", labels: { zone: "a" } });
      const joined = await world.join("w");
      expect(joined).toEqual({
        workerId: "w",
        joinedBy: id,
        pool: "gpu",
        labels: { zone: "a" },
        keyHash: "key of w",
        certificateExpiresAt: world.now + dayMs,
      });
      expect(await world.identity("w")).toEqual(joined);
      await expect(world.join("x")).rejects.toMatchObject({ fault: "denied", code: "join_token_used" });
      expect(await world.identity("x")).toBe(undefined);
      expect(await world.store.read.joinTokensList({ now: world.now })).toEqual([]);
    }),
  );

  test(
    "of many at once one wins, and as many as a token has uses",
    inWorld(async (world) => {
      await world.token({ usesLeft: 3 });
      const all = await Promise.allSettled(Array.from({ length: 12 }, (_, at) => world.join(`w${at}`)));
      expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
    }),
  );

  test(
    "whose answer was lost asks again with the same key; another key or another token is refused",
    inWorld(async (world) => {
      await world.token();
      const first = await world.join("w");
      expect(await world.join("w")).toEqual(first);
      await expect(world.join("w", "another key")).rejects.toMatchObject({ code: "worker_id_taken" });
      await expect(world.joinHere("w", "key of w")).rejects.toMatchObject({ code: "worker_id_taken" });
    }),
  );

  test(
    "a token that is late, unknown, deleted or of another secret is refused, and a use is not lost",
    inWorld(async (world) => {
      const refused = async (code: string, secret?: string) =>
        expect(world.join("w", "k", secret)).rejects.toMatchObject({ fault: "denied", code });
      await refused("join_token_unknown");
      await world.token();
      await refused("join_token_unknown", "S");
      expect(await world.store.read.joinTokensList({ now: world.now })).toMatchObject([{ usesLeft: 1 }]);
      world.now += 1000;
      await refused("join_token_expired");
      expect(await world.store.write.joinTokenDelete({ id })).toBe(true);
      expect(await world.store.write.joinTokenDelete({ id })).toBe(false);
      await refused("join_token_unknown");
    }),
  );
}

function describeBeingKnown(inWorld: InWorld): void {
  test(
    "where there is no TLS a worker has a credential, and its labels are its own",
    inWorld(async (world) => {
      const joined = await world.joinHere("w");
      expect(joined).toEqual({ workerId: "w", joinedBy: "", labels: {}, credentialHash: "credential of w" });
      const found = (credentialHash: string) => world.store.read.workerIdentity({ credentialHash });
      expect(await found("credential of w")).toEqual(joined);
      expect(await found("Credential of w")).toBe(undefined);
      // A key or credential belongs to one worker.
      await expect(world.joinHere("x", "credential of w")).rejects.toMatchObject({ fault: "conflict" });
    }),
  );

  test(
    "the first authority counts, until it is replaced",
    inWorld(async ({ store }) => {
      const pin = (text: string, replace = false) => store.write.clusterCaPin({ pin: text, replace });
      expect([await pin("a"), await pin("b"), await pin("b", true), await pin("a")]).toEqual([
        "a",
        "a",
        "b",
        "b",
      ]);
    }),
  );
}

function describeStaying(inWorld: InWorld): void {
  test(
    "a renewal is for a key of the worker's row, under which the next one is asked for",
    inWorld(async (world) => {
      await world.token();
      await world.join("w", "k1");
      world.now += 10;
      await world.renew("w", "k1");
      expect(await world.identity("w")).toMatchObject({
        keyHash: "k1",
        certificateExpiresAt: world.now + dayMs,
      });
      await world.renew("w", "k1", "k2");
      // The answer was lost, and the old certificate is all it has.
      await world.renew("w", "k1", "k2");
      expect(await world.identity("w")).toMatchObject({ keyHash: "k2", oldKeyHash: "k1" });
      await world.renew("w", "k2", "k3");
      for (const key of ["k1", "k0", "K2"])
        await expect(world.renew("w", key)).rejects.toMatchObject({ fault: "denied", code: "unknown_key" });
      await expect(world.renew("x", "k3")).rejects.toMatchObject({ code: "unknown_key" });
    }),
  );

  test(
    "an attempt is its worker's alone (A1)",
    inWorld(async (world) => {
      const [mine, other] = [world.worker("w"), world.worker("w2")];
      const run = await world.submit(dag(step("a"), step("b")));
      const ref = await mine.claim(run, "a");
      const access = (workerId: string, more = {}) =>
        world.store.read.attemptAccess({ ref: { ...ref, ...more }, workerId: parseWorkerId(workerId) });
      expect(await access(mine.id)).toBe("live");
      for (const stranger of [other.id, "W", "w-", "w22"]) expect(await access(stranger)).toBe("foreign");
      expect(await access(mine.id, { attempt: 2 })).toBe("foreign");
      expect(await access(mine.id, { stepId: "b" })).toBe("foreign");
      expect(await other.finish(ref)).toEqual({ ref, reason: "unknown", foreign: true });
      await mine.finish(ref);
      expect([await access(mine.id), await access(other.id)]).toEqual(["over", "foreign"]);
    }),
  );
}

function describeRevoking(inWorld: InWorld): void {
  test(
    "voids the leases at once, and everything afterwards is refused",
    inWorld(async (world) => {
      const worker = world.worker("w");
      await world.token();
      await world.join("w", "k");
      await worker.greet();
      const run = await world.submit(dag(step("a")));
      const ref = await worker.claim(run, "a");
      expect(await world.revoke("w")).toBe(1);
      expect(await world.phases(run)).toBe("running: a=ready");
      expect(await worker.finish(ref)).toMatchObject({ reason: "expired" });
      const revoked = { fault: "denied", code: "worker_revoked" };
      await expect(worker.greet()).rejects.toMatchObject(revoked);
      await expect(world.renew("w", "k")).rejects.toMatchObject(revoked);
      await expect(world.join("w", "k")).rejects.toMatchObject(revoked);
      expect(await world.store.read.workersRevoked()).toEqual(["w"]);
      const { now } = world;
      expect(await world.store.read.workersList()).toMatchObject([{ id: "w", revokedAt: now }]);
      world.now += 5;
      expect(await world.revoke("w")).toBe(0);
      expect(await world.identity("w")).toMatchObject({ revokedAt: now });
    }),
  );

  test(
    "what the worker was given in between is void with the next time; an unknown worker is told",
    inWorld(async (world) => {
      await world.joinHere("w");
      await world.revoke("w");
      const run = await world.submit(dag(step("a")));
      await world.worker("w").claim(run, "a");
      expect(await world.revoke("w")).toBe(1);
      expect(await world.phases(run)).toMatch("a=ready");
      await expect(world.revoke("W")).rejects.toMatchObject({ fault: "missing", code: "unknown_worker" });
    }),
  );
}
