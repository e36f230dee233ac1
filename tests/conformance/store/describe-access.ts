/** Tokens, and the audit log that is only added to. */

import type { AuditRecord } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { brokenLink } from "../../../packages/coordinator/src/auth/audit-chain.ts";
import type { Store } from "../../../packages/coordinator/src/store/store.ts";
import type { OpenStore } from "./describe-store.ts";

export const record = (at: number, more: Partial<AuditRecord> = {}): AuditRecord => ({
  at,
  caller: { kind: "token", id: "a1", role: "operator", name: "ops" },
  method: "haversack.v1.RunService/Cancel",
  target: `run-${at}`,
  peer: "127.0.0.1",
  outcome: "ok",
  times: 1,
  ...more,
});

/** Every row, and the first thing that is wrong. */
export async function followed(store: Store) {
  const rows = await store.read.auditRead({ after: 0, limit: 10_000 });
  const { last, cut } = await store.read.auditEnds();
  let before = cut;
  for (const row of rows) {
    const problem = brokenLink(before, row);
    if (problem !== undefined) return { rows, problem };
    before = row;
  }
  return { rows, problem: before.hash === last.hash ? undefined : "the end is not the last row" };
}

const token = (id: string, more = {}) => ({
  id,
  name: "ops",
  role: "operator" as const,
  hash: "ab".repeat(32),
  createdAt: 10,
  createdBy: "admin",
  expiresAt: 1000,
  ...more,
});

export function describeAccess(name: string, open: OpenStore): void {
  describeTokens(name, open);
  describeAudit(name, open);
}

function describeTokens(name: string, open: OpenStore): void {
  describe(`${name}: tokens`, () => {
    test("are kept as they were made, found by their id, and listed newest first in pages", async () => {
      await using store = await open();
      for (const id of ["a", "b", "c"]) await store.write.tokenCreate(token(id));
      expect(await store.read.tokenRead({ id: "b" })).toEqual(token("b"));
      expect(await store.read.tokenRead({ id: "B" })).toBeUndefined();
      const first = await store.read.tokensList({ before: 0, limit: 2 });
      expect(first.map((each) => each.token.id)).toEqual(["c", "b"]);
      expect(first[0]?.token).not.toHaveProperty("hash");
      const before = first.at(-1)?.place ?? 0;
      const rest = await store.read.tokensList({ before, limit: 2 });
      expect(rest.map((each) => each.token.id)).toEqual(["a"]);
    });

    test("an id is given once, and a role is one of those that there are", async () => {
      await using store = await open();
      await store.write.tokenCreate(token("a"));
      await expect(store.write.tokenCreate(token("a", { name: "other" }))).rejects.toMatchObject({
        fault: "bug",
      });
      await expect(store.write.tokenCreate(token("b", { role: "root" as "admin" }))).rejects.toMatchObject({
        fault: "bug",
      });
      expect((await store.read.tokenRead({ id: "a" }))?.name).toBe("ops");
    });

    test("are revoked once, and the first time counts", async () => {
      await using store = await open();
      await store.write.tokenCreate(token("a"));
      expect(await store.write.tokenRevoke({ id: "a", now: 50 })).toBe(true);
      expect(await store.write.tokenRevoke({ id: "a", now: 60 })).toBe(false);
      expect((await store.read.tokenRead({ id: "a" }))?.revokedAt).toBe(50);
      await expect(store.write.tokenRevoke({ id: "x", now: 60 })).rejects.toMatchObject({
        code: "unknown_token",
      });
    });

    test("the newest use counts, whichever is told last", async () => {
      await using store = await open();
      await store.write.tokenCreate(token("a"));
      for (const at of [70, 60]) await store.write.tokenUsed({ id: "a", at });
      expect((await store.read.tokenRead({ id: "a" }))?.lastUsedAt).toBe(70);
    });
  });
}

function describeAudit(name: string, open: OpenStore): void {
  describe(`${name}: the audit log`, () => {
    test("is one chain without a gap, however many add to it at once", async () => {
      await using store = await open();
      expect(await store.read.auditEnds()).toEqual({ last: { no: 0, hash: "" }, cut: { no: 0, hash: "" } });
      const adding = Array.from({ length: 20 }, (_, at) =>
        store.write.auditAppend({ records: [record(at), record(at, { outcome: "not_found" })] }),
      );
      await Promise.all(adding);
      const { rows, problem } = await followed(store);
      expect(problem).toBeUndefined();
      expect(rows.map(({ no }) => no)).toEqual(Array.from({ length: 40 }, (_, at) => at + 1));
      await store.write.auditAppend({ records: [] });
      expect((await store.read.auditEnds()).last.no).toBe(40);
    });

    test("is told newest first, by moment and by caller, with strange texts as they are", async () => {
      await using store = await open();
      const strange = "%'; drop table audit; -- \u{1f511}\n*";
      const caller = { kind: "token", id: "b2", role: "viewer", name: strange };
      await store.write.auditAppend({
        records: [record(1), record(2, { caller }), record(3), record(4, { caller })],
      });
      const all = { before: 0, since: 0, who: "", limit: 10 };
      const places = async (query: object) =>
        (await store.read.auditList({ ...all, ...query })).map(({ no }) => no);
      expect(await places({})).toEqual([4, 3, 2, 1]);
      expect(await places({ since: 3 })).toEqual([4, 3]);
      expect(await places({ before: 3, limit: 1 })).toEqual([2]);
      expect(await places({ who: strange })).toEqual([4, 2]);
      expect(await places({ who: "a1" })).toEqual([3, 1]);
      expect(await places({ who: "%" })).toEqual([]);
      const [newest] = await store.read.auditList({ ...all, limit: 1 });
      expect(newest).toMatchObject(record(4, { caller }));
    });

    test("is cut from its beginning alone, and what is left is still one chain", async () => {
      await using store = await open();
      await store.write.auditAppend({ records: [1, 2, 9, 3, 10].map((at) => record(at)) });
      const before = await followed(store);
      // The fourth is older too, but stands behind one that is not.
      expect(await store.write.auditCut({ before: 5 })).toBe(2);
      expect(await store.write.auditCut({ before: 5 })).toBe(0);
      const { rows, problem } = await followed(store);
      expect([rows, problem]).toEqual([before.rows.slice(2), undefined]);
      expect(await store.write.auditCut({ before: 100 })).toBe(3);
      await store.write.auditAppend({ records: [record(200)] });
      const last = await followed(store);
      expect([last.rows.map(({ no }) => no), last.problem]).toEqual([[6], undefined]);
    });
  });
}
