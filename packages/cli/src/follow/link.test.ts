import { FaultError } from "@haversack/base";
import { expect, test } from "vitest";
import { away } from "../testing/fake-client.ts";
import { FakeClock } from "../testing/fake-outside.ts";
import { resumed, retried } from "./link.ts";

function setup() {
  const clock = new FakeClock();
  const broken: string[] = [];
  const link = {
    clock,
    random: { fraction: () => 0.5, id: () => "" },
    onBroken: (why: string) => broken.push(why),
  };
  return { clock, link, broken, signal: new AbortController() };
}

test("a broken stream goes on after the last item, and says so once", async () => {
  const { clock, link, broken, signal } = setup();
  const opened: number[] = [];
  async function* open(after: number) {
    opened.push(after);
    if (opened.length === 2) throw away();
    yield after + 1;
    yield after + 2;
    if (after === 0) throw away();
  }
  const seen = Array.fromAsync(
    resumed(
      open,
      (item) => item,
      () => true,
      link,
      signal.signal,
    ),
  );
  await clock.pass(10_000);
  expect(await seen).toEqual([1, 2, 3, 4]);
  expect(opened).toEqual([0, 2, 2]);
  expect(broken).toHaveLength(1);
});

test("a peer that died in the middle of a stream is no cancel of ours", async () => {
  const { clock, link, signal } = setup();
  async function* open(after: number) {
    yield after + 1;
    if (after === 0) throw new FaultError("cancelled", "canceled", "stream closed with error code CANCEL");
  }
  const seen = Array.fromAsync(
    resumed(
      open,
      (item) => item,
      () => true,
      link,
      signal.signal,
    ),
  );
  await clock.pass(10_000);
  expect(await seen).toEqual([1, 2]);
});

test("a stream that ended before its end is opened again", async () => {
  const { clock, link, signal } = setup();
  const seen: number[] = [];
  async function* open(after: number) {
    yield after + 1;
  }
  const done = (async () => {
    for await (const item of resumed(
      open,
      (each) => each,
      () => seen.length === 3,
      link,
      signal.signal,
    ))
      seen.push(item);
  })();
  await clock.pass(10_000);
  await done;
  expect(seen).toEqual([1, 2, 3]);
});

test("what repeating cannot mend is told at once; what it can, after a minute", async () => {
  const { clock, link, signal } = setup();
  const denied = retried(() => Promise.reject(new FaultError("denied", "x", "no")), link, signal.signal);
  await expect(denied).rejects.toThrow("no");
  const gone = retried(() => Promise.reject(away()), link, signal.signal);
  await Promise.all([expect(gone).rejects.toThrow("away"), clock.pass(70_000)]);
});

test("an interrupt ends the waiting", async () => {
  const { link, signal } = setup();
  const waiting = retried(() => Promise.reject(away()), link, signal.signal);
  signal.abort();
  await expect(waiting).rejects.toThrow("abort");
});
