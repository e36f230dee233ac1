import { expect, test } from "vitest";
import { FakeClock, fakePorts, turns } from "../../../../tests/support/fake-clock.ts";
import { type Leadership, soleLeader } from "../leadership/leadership.ts";
import type { Store } from "../store/store.ts";
import { LeaseClock } from "./lease-clock.ts";
import { leaseKeeper } from "./lease-keeper.ts";
import { WorkerRegistry } from "./worker-registry.ts";

const ttlMs = 30_000;

/** A keeper on a store that only counts what it is asked. */
function open(shared?: Store["shared"], leadership: Pick<Leadership, "lead"> = soleLeader) {
  const clock = new FakeClock();
  const told: string[] = [];
  const write = {
    leasesTrust: async () => told.push("trust"),
    leasesExpire: async () => {
      told.push("expire");
      return { expired: [], nextExpiry: undefined };
    },
  };
  const store = { write, ...(shared === undefined ? {} : { shared }) } as unknown as Store;
  const leases = LeaseClock.withTtl(ttlMs, clock);
  const failed: unknown[] = [];
  const registry = new WorkerRegistry(ttlMs);
  const keeper = leaseKeeper({ store, leases, registry, leadership, ports: fakePorts(clock) }, (error) =>
    failed.push(error),
  );
  const pass = async (ms: number): Promise<void> => {
    for (let past = 0; past < ms; past += 1000) {
      clock.advance(1000);
      await turns(10);
    }
  };
  return { clock, told, keeper, leases, pass, failed };
}

const never = new AbortController().signal;

test("an only coordinator gives fresh trust when it starts, for nobody could renew", async () => {
  const { told, keeper, pass } = open();
  await keeper.start(never);
  await pass(2000);
  await keeper.stop("now");
  expect(told).toEqual(["trust", "expire", "expire"]);
});

test("one that comes to another gives none: a coordinator that restarts for ever would keep dead leases alive", async () => {
  const { told, keeper, pass } = open({ others: true, now: async () => 5 });
  await keeper.start(never);
  await pass(1000);
  await keeper.stop("now");
  expect(told).toEqual(["expire"]);
});

test("when the shared clock is set: fresh trust, and nothing expires until all have noticed", async () => {
  let ahead = 0;
  const world = open({ others: true, now: async () => 1_000_000 + world.clock.monotonic() + ahead });
  const { told, keeper, pass, leases, failed } = world;
  await keeper.start(never);
  await pass(2000);
  expect(told).toEqual(["expire", "expire"]);
  ahead = 300_000;
  told.length = 0;
  await pass(2000);
  expect(told.filter((each) => each === "trust")).toHaveLength(1);
  expect(leases.now()).toBe(1_300_000 + world.clock.monotonic());
  told.length = 0;
  await pass(8000);
  expect(told).toEqual([]);
  await pass(4000);
  expect(told).toContain("expire");
  await keeper.stop("now");
  expect(failed).toEqual([]);
});
