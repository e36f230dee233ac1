import { FaultError } from "@haversack/base";
import { expect, test } from "vitest";
import { exerciseService } from "../../../../tests/support/exercise-service.ts";
import { FakeClock, fakePorts, fakeRandom, turns } from "../../../../tests/support/fake-clock.ts";
import { LeaderKeeper } from "./leadership.ts";

const never = new AbortController().signal;

/** A row that any number of candidates want. */
function row(clock: FakeClock) {
  const state = { holder: "", term: 0, until: 0, isAway: false };
  const write = {
    async leaderTake({ holder, now, leaseUntil }: { holder: string; now: number; leaseUntil: number }) {
      if (state.isAway) throw new FaultError("unavailable", "away", "the database is away");
      if (state.holder !== holder && state.until > now) return undefined;
      if (state.holder !== holder) state.term += 1;
      Object.assign(state, { holder, until: leaseUntil });
      return state.term;
    },
    async leaderYield({ holder }: { holder: string }) {
      if (state.holder === holder) state.until = 0;
    },
  };
  const random = fakeRandom();
  const failed: unknown[] = [];
  const candidate = (own: FakeClock = clock) =>
    new LeaderKeeper(
      { store: { write }, leases: { now: () => clock.monotonic() }, ports: fakePorts(own, random) },
      (error) => failed.push(error),
    );
  const pass = async (ms: number, ...clocks: FakeClock[]): Promise<void> => {
    for (let past = 0; past < ms; past += 500) {
      for (const each of [clock, ...clocks]) each.advance(500);
      await turns(5);
    }
  };
  return { state, candidate, pass, failed };
}

test("is a service like the others", async () => {
  const { candidate } = row(new FakeClock());
  await exerciseService(() => candidate());
});

test("one leads and goes on leading; the other follows as soon as the first has stopped", async () => {
  const { candidate, pass, failed } = row(new FakeClock());
  const [first, second] = [candidate(), candidate()];
  await first.start();
  await second.start();
  const waiting = second.whenLeading(never);
  await pass(30_000);
  expect([first.lead, second.lead]).toEqual([{ term: 1 }, undefined]);
  await first.stop("now");
  expect(first.lead).toBe(undefined);
  await pass(2000);
  expect(await waiting).toEqual({ term: 2 });
  await second.stop("now");
  expect(failed).toEqual([]);
});

test("who cannot renew stops believing in its lead before another one may begin, by its own steady clock", async () => {
  const clock = new FakeClock();
  const { candidate, pass, state } = row(clock);
  const leader = candidate();
  await leader.start();
  await turns();
  await pass(2000);
  state.isAway = true;
  await pass(4500);
  expect(leader.lead).toEqual({ term: 1 });
  expect(state.until).toBeGreaterThan(clock.monotonic());
  await pass(500);
  expect(leader.lead).toBe(undefined);
  expect(state.until).toBeGreaterThan(clock.monotonic());
  state.isAway = false;
  await pass(2000);
  expect(leader.lead).toEqual({ term: 1 });
  await leader.stop("now");
});

test("one that was frozen past its lease wakes under a term that is over, and learns it with the next renewal", async () => {
  const clock = new FakeClock();
  const frozenClock = new FakeClock();
  const { candidate, pass } = row(clock);
  const [frozen, other] = [candidate(frozenClock), candidate()];
  await frozen.start();
  await turns();
  await other.start();
  // Its clock stands still with it: it believes in its lead, and the store does not (`ofLeader`).
  await pass(10_000);
  expect([frozen.lead, other.lead]).toEqual([{ term: 1 }, { term: 2 }]);
  await pass(2500, frozenClock);
  expect([frozen.lead, other.lead]).toEqual([undefined, { term: 2 }]);
  await frozen.stop("now");
  await other.stop("now");
});
