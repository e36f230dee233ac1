import { expect, test } from "vitest";
import { FakeClock } from "../../../../tests/support/fake-clock.ts";
import { baseSample, imageLink } from "../testing/image-samples.ts";
import { Permits } from "./permits.ts";

function world(limit: number, workers: number) {
  const clock = new FakeClock();
  const permits = new Permits(limit, clock);
  const links = Array.from({ length: workers }, (_, at) => imageLink(`w${at}`));
  const has = () => links.flatMap(({ sent }, at) => (sent.length > 0 ? [at] : []));
  return { clock, permits, links: links.map(({ link }) => link), has };
}

test("so many at once, the others in the order in which they asked", () => {
  const { permits, links, has } = world(2, 5);
  for (const link of links) permits.ask(link, baseSample);
  expect(has()).toEqual([0, 1]);
  const [first, second] = links;
  if (first === undefined || second === undefined) throw new Error("made above");
  permits.heard(first, baseSample, "queued");
  permits.heard(first, baseSample, "downloading");
  expect(has()).toEqual([0, 1]);
  permits.heard(first, baseSample, "verifying");
  expect(has()).toEqual([0, 1, 2]);
  permits.heard(second, baseSample, "failed");
  expect([has(), permits.held, permits.waiting]).toEqual([[0, 1, 2, 3], 2, 1]);
});

test("a worker that goes away frees what it held and leaves the line; a flight that stops frees it too", () => {
  const { permits, links, has } = world(1, 4);
  for (const link of links) permits.ask(link, baseSample);
  const [a, b, c] = links;
  if (a === undefined || b === undefined || c === undefined) throw new Error("made above");
  permits.leave(b);
  permits.leave(a);
  expect(has()).toEqual([0, 2]);
  permits.heard(c, baseSample, "resolving");
  permits.heard(c, baseSample, "queued");
  expect(has()).toEqual([0, 2, 3]);
});

test("a permit that nobody uses is another's after a minute", () => {
  const { permits, links, has, clock } = world(1, 2);
  for (const link of links) permits.ask(link, baseSample);
  clock.advance(59_999);
  expect(has()).toEqual([0]);
  clock.advance(1);
  expect(has()).toEqual([0, 1]);
  permits.stop();
  expect(clock.timers).toBe(0);
});

test("who begins without one counts, and who asks again is told again", () => {
  const { permits, links, clock } = world(1, 2);
  const [a, b] = links;
  if (a === undefined || b === undefined) throw new Error("made above");
  permits.heard(a, baseSample, "downloading");
  permits.ask(b, baseSample);
  expect([permits.held, permits.waiting]).toEqual([1, 1]);
  const again = imageLink("w0");
  permits.heard(again.link, baseSample, "downloading");
  permits.leave(a);
  expect([permits.held, permits.waiting]).toEqual([1, 1]);
  permits.heard(again.link, baseSample, "ready");
  expect([permits.held, permits.waiting]).toEqual([1, 0]);
  permits.ask(b, baseSample);
  expect([permits.held, permits.waiting]).toEqual([1, 0]);
  permits.stop();
  expect(clock.timers).toBe(0);
});
