/** Streams of images without a network: a reader that is slow, or fast, against everything that may happen. */

import { type ImageEvent, type ImageStatus, isInFlight, type WorkerImage } from "@haversack/protocol";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { FakeClock } from "../../../../tests/support/fake-clock.ts";
import { imageLink, imageOf, statusOf } from "../testing/image-samples.ts";
import { FleetImages, type ImageListener } from "./fleet-images.ts";
import { followImages } from "./follow.ts";

/** A reader that takes an event only when it is told to. */
function world(first: WorkerImage, untilEnd = true) {
  const clock = new FakeClock();
  const listeners = new Set<ImageListener>();
  const images = {
    listen: (listener: ImageListener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const stop = new AbortController();
  let now = first;
  const asked = { matches: () => true, look: async () => [now], untilEnd };
  const events = followImages({ images, clock }, asked, stop.signal)[Symbol.asyncIterator]();
  const say = (status: ImageStatus, more: Partial<WorkerImage> = {}): void => {
    const before = now.status;
    now = imageOf(status, more);
    const kind = before.state === status.state && before.since === status.since ? "progress" : "transition";
    for (const listener of listeners) listener({ kind, image: now });
  };
  return { clock, listeners, stop, events, say };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const told = ({ value }: IteratorResult<ImageEvent>) => {
  const event = value as ImageEvent | undefined;
  return event === undefined ? "over" : `${event.kind} ${event.image.status.state} ${event.image.status.seq}`;
};

test("a slow reader passes over figures, never over the outcome, and costs one place", async () => {
  const { events, say, listeners } = world(imageOf(statusOf("downloading", 1)));
  expect(told(await events.next())).toBe("snapshot downloading 1");
  for (let seq = 2; seq <= 5000; seq++)
    say(statusOf("downloading", seq, { since: 1, progress: { unit: "bytes", done: seq, total: 5000 } }));
  say(statusOf("verifying", 5001));
  say(statusOf("ready", 5002));
  expect([told(await events.next()), told(await events.next()), told(await events.next())]).toEqual([
    "snapshot ready 5002",
    "end ready 5002",
    "over",
  ]);
  expect(listeners.size).toBe(0);
});

test("figures come four times a second at most; a change of state at once", async () => {
  const { events, say, clock } = world(imageOf(statusOf("downloading", 1)));
  await events.next();
  let seen: string | undefined;
  const next = () => void events.next().then((event) => (seen = told(event)));
  next();
  await turn();
  say(statusOf("downloading", 2, { since: 1 }));
  await turn();
  expect(seen).toBeUndefined();
  clock.advance(249);
  await turn();
  expect(seen).toBeUndefined();
  clock.advance(1);
  await turn();
  await turn();
  expect(seen).toBe("progress downloading 2");
  next();
  await turn();
  say(statusOf("importing", 3));
  await turn();
  await turn();
  expect(seen).toBe("snapshot importing 3");
  expect(clock.timers).toBe(0);
});

test("figures that come while it looks are told as a snapshot", async () => {
  const { events, say } = world(imageOf(statusOf("downloading", 1)));
  const first = events.next();
  say(statusOf("downloading", 2, { since: 1 }));
  expect(told(await first)).toBe("snapshot downloading 2");
});

test("a worker that is lost ends nothing; the same one back goes on", async () => {
  const { events, say, stop } = world(imageOf(statusOf("downloading", 4)));
  await events.next();
  say(statusOf("downloading", 4), { lost: true, observedAt: 9 });
  const lost = events.next();
  // The same state, told as a change: the worker is gone.
  expect((await Promise.race([lost, turn().then(() => undefined)]))?.value).toBeUndefined();
  say(statusOf("ready", 5), { observedAt: 10 });
  expect(told(await lost)).toBe("snapshot ready 5");
  expect(told(await events.next())).toBe("end ready 5");
  stop.abort();
});

test("the signal ends it", async () => {
  const { events, stop, listeners } = world(imageOf(statusOf("queued", 1)));
  await events.next();
  const next = events.next();
  stop.abort();
  expect((await next).done).toBe(true);
  expect(listeners.size).toBe(0);
});

const states = ["queued", "resolving", "downloading", "verifying", "importing", "failed", "absent"] as const;
const happening = fc.record({
  state: fc.constantFrom(...states),
  newAttempt: fc.boolean(),
  percent: fc.option(fc.integer({ min: 0, max: 99 }), { nil: undefined }),
  done: fc.option(fc.integer({ min: 0, max: 1000 }), { nil: undefined }),
  /** How often the reader reads. */
  reads: fc.integer({ min: 0, max: 2 }),
  /** The worker dials again before. */
  redials: fc.boolean(),
});

test("whatever a worker says and however a reader reads: percent never goes back, and the last word is told", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { minLength: 1, maxLength: 40 }), async (all) => {
      const clock = new FakeClock();
      const images = new FleetImages(clock, () => ({}));
      let { link } = imageLink("w", [statusOf("queued", 1)]);
      images.greet(link);
      const stop = new AbortController();
      const look = async () => images.of(link.hello.workerId);
      const asked = { matches: () => true, look, untilEnd: false };
      const events = followImages({ images, clock }, asked, stop.signal)[Symbol.asyncIterator]();
      const seen: ImageStatus[] = [];
      let reading: Promise<void> | undefined;
      const read = async (): Promise<void> => {
        reading ??= events.next().then(({ done, value }) => {
          if (done !== true && value.kind !== "end") seen.push(value.image.status);
          reading = undefined;
        });
        await turn();
        clock.advance(250);
        await turn();
      };
      let [attempt, seq, ended] = [1, 1, false];
      for (const { state, newAttempt, percent, done, reads, redials } of all) {
        // What follows an end is another flight.
        if (newAttempt || ended) attempt += 1;
        ended = state === "failed" || state === "absent";
        seq += 1;
        if (redials) {
          images.leave(link);
          ({ link } = imageLink(
            "w",
            [...images.of(link.hello.workerId)].map(({ status }) => status),
          ));
          images.greet(link);
        }
        const figures = {
          ...(done === undefined ? {} : { done }),
          ...(percent === undefined ? {} : { percent }),
        };
        const progress = { unit: "bytes" as const, total: 1000, ...figures };
        images.take(link, [statusOf(state, seq, { attempt, progress })]);
        for (let at = 0; at < reads; at++) await read();
      }
      for (let at = 0; at < 4; at++) await read();
      stop.abort();
      await reading;
      expect(seen.at(-1)?.seq).toBe(seq);
      expectNeverBack(seen);
    }),
    { numRuns: 150 },
  );
});

/** Figures of one attempt: what was never read cannot be held against it. */
function expectNeverBack(seen: readonly ImageStatus[]): void {
  let most: { attempt: number; percent: number } | undefined;
  for (const status of seen) {
    if (!isInFlight(status) || most?.attempt !== status.attempt) most = undefined;
    const { percent } = status.progress ?? {};
    if (!isInFlight(status) || percent === undefined) continue;
    expect(percent).toBeGreaterThanOrEqual(most?.percent ?? 0);
    most = { attempt: status.attempt, percent };
  }
}
