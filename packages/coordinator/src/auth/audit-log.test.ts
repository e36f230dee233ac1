import { silentLog } from "@haversack/base";
import type { AuditRecord } from "@haversack/protocol";
import { expect, test } from "vitest";
import { FakeClock, turns } from "../../../../tests/support/fake-clock.ts";
import { AuditLog } from "./audit-log.ts";
import { nobody } from "./refusals.ts";

const record = (target: string): AuditRecord => ({
  at: 1,
  caller: nobody,
  method: "A/B",
  target,
  peer: "",
  outcome: "ok",
  times: 1,
});

function world() {
  const clock = new FakeClock();
  const state = { isAway: false };
  const writes: string[][] = [];
  const append = async ({ records }: { readonly records: readonly AuditRecord[] }) => {
    if (state.isAway) throw new Error("the store is away");
    writes.push(records.map(({ target }) => target));
  };
  return { clock, state, writes, log: new AuditLog({ append, clock, log: silentLog }) };
}

test("records that come together are one write, and each is waited for", async () => {
  const { clock, writes, log } = world();
  const added = Promise.all(["a", "b", "c"].map((name) => log.add(record(name))));
  await turns();
  expect(writes).toEqual([]);
  clock.advance(15);
  await added;
  expect(writes).toEqual([["a", "b", "c"]]);
  expect(clock.timers).toBe(0);
});

test("what the store did not take is tried again, in order; whoever waits is told at once", async () => {
  const { clock, state, writes, log } = world();
  state.isAway = true;
  const first = log.add(record("a"));
  clock.advance(15);
  await expect(first).rejects.toMatchObject({ fault: "unavailable", code: "audit_unavailable" });
  state.isAway = false;
  const second = log.add(record("b"));
  clock.advance(1_000);
  await second;
  expect(writes).toEqual([["a", "b"]]);
});

test("more than fit one write are written one after the other, and a stop writes the rest", async () => {
  const { clock, writes, log } = world();
  const added = Array.from({ length: 1200 }, (_, at) => log.add(record(String(at))));
  clock.advance(15);
  await log.stop();
  await Promise.all(added);
  expect(writes.map(({ length }) => length)).toEqual([500, 500, 200]);
  expect(writes.flat()).toEqual(added.map((_, at) => String(at)));
});

test("a store that stays away does not fill the memory, and a stop waits for nothing", async () => {
  const { state, writes, log } = world();
  state.isAway = true;
  const added = Array.from({ length: 10_000 }, (_, at) => log.add(record(String(at))).catch(() => "later"));
  // One too many: it is not kept.
  await expect(log.add(record("late"))).rejects.toMatchObject({ code: "audit_unavailable" });
  await log.stop();
  expect(new Set(await Promise.all(added))).toEqual(new Set(["later"]));
  state.isAway = false;
  await log.stop();
  expect(writes.flat()).toHaveLength(10_000);
});
