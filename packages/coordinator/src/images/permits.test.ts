/** Leave to download: of one coordinator, of two on one store, and when the store is away. */

import { FaultError } from "@haversack/base";
import { expect, test } from "vitest";
import { exerciseService } from "../../../../tests/support/exercise-service.ts";
import { FakeClock, fakePorts, fakeRandom, turns } from "../../../../tests/support/fake-clock.ts";
import type { PermitRound } from "../store/verbs/image-permits.ts";
import { baseSample, imageLink } from "../testing/image-samples.ts";
import { Permits } from "./permits.ts";

interface Row {
  readonly workerId: string;
  readonly digest: string;
  holder: string;
  held: boolean;
  readonly askedAt: number;
  until: number;
}

/** The promise of the verb, in memory; `tests/conformance/store` tries the real ones. */
function permitStore() {
  const rows = new Map<string, Row>();
  const state = { isAway: false, rounds: 0 };
  const imagePermitsGive = async ({ holder, wishes, freed, limit, now, until }: PermitRound) => {
    state.rounds += 1;
    if (state.isAway) throw new FaultError("unavailable", "away", "the database is away");
    for (const { workerId, digest } of freed)
      if (rows.get(`${workerId} ${digest}`)?.holder === holder) rows.delete(`${workerId} ${digest}`);
    for (const [key, row] of rows) if (row.until <= now) rows.delete(key);
    for (const { held, ...wish } of wishes) {
      const key = `${wish.workerId} ${wish.digest}`;
      const before = rows.get(key);
      const row = { ...wish, askedAt: before?.askedAt ?? wish.askedAt, held: held || before?.held === true };
      rows.set(key, { ...row, holder, until });
    }
    const line = [...rows.values()].filter(({ held }) => !held).toSorted((a, b) => a.askedAt - b.askedAt);
    const free = limit - [...rows.values()].filter(({ held }) => held).length;
    for (const row of line.slice(0, Math.max(0, free))) row.held = true;
    return [...rows.values()].filter((row) => row.held && row.holder === holder) as never;
  };
  return { rows, state, write: { imagePermitsGive } };
}

function world(limit: number, workers: number) {
  const clock = new FakeClock();
  const store = permitStore();
  const random = fakeRandom();
  const links = Array.from({ length: workers }, (_, at) => imageLink(`w${at}`));
  const permits = (): Permits => new Permits({ limit, store, ports: fakePorts(clock, random) });
  return {
    clock,
    store,
    permits,
    links: links.map(({ link }) => link) as [Link, Link, Link, Link, Link],
    has: () => links.flatMap(({ sent }, at) => (sent.length > 0 ? [at] : [])),
    pass: async (ms: number): Promise<void> => {
      for (let past = 0; past < ms; past += 500) {
        clock.advance(500);
        await turns(5);
      }
    },
  };
}
type Link = ReturnType<typeof imageLink>["link"];

test("is a service like the others", async () => {
  await exerciseService(() => world(1, 0).permits());
});

test("so many at once, the others in the order in which they asked", async () => {
  const { permits: open, links, has } = world(2, 5);
  const permits = open();
  await permits.start();
  for (const link of links) permits.ask(link, baseSample);
  await turns();
  expect(has()).toEqual([0, 1]);
  permits.heard(links[0], baseSample, "queued");
  permits.heard(links[0], baseSample, "downloading");
  await turns();
  expect(has()).toEqual([0, 1]);
  permits.heard(links[0], baseSample, "verifying");
  await turns();
  expect(has()).toEqual([0, 1, 2]);
  permits.heard(links[1], baseSample, "failed");
  await turns();
  expect(has()).toEqual([0, 1, 2, 3]);
  await permits.stop();
});

test("a worker that goes away frees what it held and leaves the line; a flight that stops frees it too", async () => {
  const { permits: open, links, has } = world(1, 4);
  const permits = open();
  await permits.start();
  for (const link of links.slice(0, 4)) permits.ask(link, baseSample);
  await turns();
  permits.leave(links[1]);
  permits.leave(links[0]);
  await turns();
  expect(has()).toEqual([0, 2]);
  permits.heard(links[2], baseSample, "resolving");
  permits.heard(links[2], baseSample, "queued");
  await turns();
  expect(has()).toEqual([0, 2, 3]);
  await permits.stop();
});

test("a permit that nobody uses is another's after a minute", async () => {
  const { permits: open, links, has, pass, clock } = world(1, 2);
  const permits = open();
  await permits.start();
  permits.ask(links[0], baseSample);
  permits.ask(links[1], baseSample);
  await pass(59_500);
  expect(has()).toEqual([0]);
  await pass(2500);
  expect(has()).toEqual([0, 1]);
  await permits.stop();
  expect(clock.timers).toBe(0);
});

test("who begins without one counts, who asks again is told again, and what is in use is renewed", async () => {
  const { permits: open, links, store, pass, has } = world(1, 2);
  const permits = open();
  await permits.start();
  permits.heard(links[0], baseSample, "downloading");
  permits.ask(links[1], baseSample);
  await pass(120_000);
  expect(has()).toEqual([]);
  const again = imageLink("w0");
  permits.heard(again.link, baseSample, "downloading");
  permits.leave(links[0]);
  await pass(5000);
  expect(has()).toEqual([]);
  permits.ask(again.link, baseSample);
  await turns();
  expect(again.sent).toHaveLength(1);
  permits.heard(again.link, baseSample, "ready");
  await turns();
  expect(has()).toEqual([1]);
  permits.leave(links[1]);
  await permits.stop();
  expect(store.rows.size).toBe(0);
});

test("two coordinators share the number and the line; what one that died held is free after half a minute", async () => {
  const { permits: open, links, has, pass } = world(2, 5);
  const [first, second] = [open(), open()];
  await first.start();
  await second.start();
  for (const [at, link] of links.entries()) {
    (at % 2 === 0 ? first : second).ask(link, baseSample);
    await turns();
  }
  expect(has()).toEqual([0, 1]);
  first.heard(links[0], baseSample, "downloading");
  first.heard(links[0], baseSample, "verifying");
  await pass(2500);
  expect(has()).toEqual([0, 1, 2]);
  second.heard(links[1], baseSample, "downloading");
  second.leave(links[1]);
  await pass(2500);
  expect(has()).toEqual([0, 1, 2, 3]);
  // The first one is killed: nobody renews what its workers have.
  first.heard(links[2], baseSample, "downloading");
  second.heard(links[3], baseSample, "downloading");
  await pass(1000);
  await first.stop();
  const late = imageLink("w9");
  second.ask(late.link, baseSample);
  await pass(18_000);
  expect(late.sent).toEqual([]);
  await pass(14_000);
  expect(late.sent).toHaveLength(1);
  await second.stop();
});

test("a worker that moved keeps its permit, whatever its old coordinator says of it", async () => {
  const { permits: open, links, pass, store } = world(1, 1);
  const [first, second] = [open(), open()];
  await first.start();
  await second.start();
  first.heard(links[0], baseSample, "downloading");
  await turns();
  const moved = imageLink("w0");
  second.heard(moved.link, baseSample, "downloading");
  await turns();
  first.leave(links[0]);
  await pass(30_000);
  expect([...store.rows.values()].map(({ held }) => held)).toEqual([true]);
  await Promise.all([first.stop(), second.stop()]);
});

test("while the store is away nobody is given leave, and nothing is forgotten", async () => {
  const { permits: open, links, has, pass, store } = world(1, 2);
  const permits = open();
  await permits.start();
  permits.ask(links[0], baseSample);
  await turns();
  store.state.isAway = true;
  permits.leave(links[0]);
  permits.ask(links[1], baseSample);
  await pass(10_000);
  expect(has()).toEqual([0]);
  store.state.isAway = false;
  await pass(2500);
  expect(has()).toEqual([0, 1]);
  await permits.stop();
});

test("nothing is asked of the store while nobody downloads", async () => {
  const { permits: open, links, pass, store } = world(1, 1);
  const permits = open();
  await permits.start();
  await pass(60_000);
  expect(store.state.rounds).toBe(0);
  permits.heard(links[0], baseSample, "downloading");
  permits.heard(links[0], baseSample, "ready");
  await turns();
  const { rounds } = store.state;
  await pass(60_000);
  expect(store.state.rounds - rounds).toBeLessThan(2);
  await permits.stop();
});
