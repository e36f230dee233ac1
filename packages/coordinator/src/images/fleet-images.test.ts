import { expect, test } from "vitest";
import { FakeClock } from "../../../../tests/support/fake-clock.ts";
import {
  baseSample,
  descriptionSample,
  digestNamed,
  engineSample,
  imageLink,
  statusOf,
} from "../testing/image-samples.ts";
import { FleetImages, type ImageChange } from "./fleet-images.ts";

function world() {
  const changes: ImageChange[] = [];
  let base: typeof descriptionSample | undefined = descriptionSample;
  const fleet = new FleetImages(new FakeClock(), () => (base === undefined ? {} : { base }));
  fleet.listen((change) => changes.push(change));
  const told = () =>
    changes
      .splice(0)
      .map(
        ({ kind, image: { status, lost } }) => `${kind} ${status.state} ${status.seq}${lost ? " lost" : ""}`,
      );
  return { fleet, told, publish: (next: typeof descriptionSample) => void (base = next) };
}

test("the hello has the table, what follows is told once, and in order only", () => {
  const { fleet, told } = world();
  const { link, sent } = imageLink("w", [statusOf("queued", 3)]);
  fleet.greet(link);
  expect(sent).toEqual([{ kind: "baseImage", base: descriptionSample }]);
  fleet.take(link, [statusOf("downloading", 4), statusOf("queued", 3), statusOf("downloading", 4)]);
  fleet.take(link, [statusOf("downloading", 6, { since: 4 }), statusOf("downloading", 5, { since: 4 })]);
  expect(told()).toEqual(["transition queued 3", "transition downloading 4", "progress downloading 6"]);
  expect(fleet.of(link.hello.workerId)).toMatchObject([{ lost: false, status: { seq: 6 } }]);
});

test("a worker that goes away is told as lost, with what it said last; a newer session takes its place silently", () => {
  const { fleet, told } = world();
  const first = imageLink("w", [statusOf("downloading", 5)]);
  fleet.greet(first.link);
  const second = imageLink("w", [statusOf("downloading", 4)]);
  fleet.greet(second.link);
  fleet.leave(first.link);
  expect(fleet.of(first.link.hello.workerId)).toMatchObject([{ lost: false, status: { seq: 5 } }]);
  fleet.take(first.link, [statusOf("ready", 9)]);
  told();
  fleet.leave(second.link);
  expect(told()).toEqual(["transition downloading 5 lost"]);
  expect(fleet.link(second.link.hello.workerId)).toBeUndefined();
  expect(fleet.of(second.link.hello.workerId)).toMatchObject([{ lost: true, status: { seq: 5 } }]);
});

test("another process of the worker counts anew", () => {
  const { fleet, told } = world();
  fleet.greet(imageLink("w", [statusOf("downloading", 900)]).link);
  const restarted = imageLink("w", [statusOf("queued", 1)], "w-boot-2");
  fleet.greet(restarted.link);
  fleet.take(restarted.link, [statusOf("ready", 2)]);
  expect(told().slice(1)).toEqual(["transition queued 1", "transition ready 2"]);
});

test("what placement prefers: ready images, the base image by what it means now, and nothing during a download", () => {
  const { fleet, publish } = world();
  const { link, sent } = imageLink("w", [statusOf("ready", 1)]);
  fleet.greet(link);
  expect([...link.imagesReady].sort()).toEqual(["base", baseSample].sort());
  expect(fleet.readyCount).toBe(1);
  const next = digestNamed("d");
  const file = { urls: ["file:///d"], sha256: next, size: 1, unpacked: 1 };
  publish({ ...descriptionSample, stamp: "2", arches: new Map([["x64", { oci: file }]]) });
  fleet.renewed();
  expect([...link.imagesReady]).toEqual([baseSample]);
  expect(sent).toHaveLength(2);
  fleet.take(link, [statusOf("downloading", 2, { digest: next })]);
  expect([...link.imagesReady]).toEqual([]);
  fleet.take(link, [statusOf("ready", 3, { digest: next })]);
  expect(link.imagesReady.has("base")).toBe(true);
});

test("an engine that comes later brings the description with it", () => {
  const { fleet } = world();
  const { link, sent } = imageLink("w");
  const bare = { ...link, hello: { ...link.hello } };
  delete (bare.hello as { engine?: unknown }).engine;
  fleet.greet(bare);
  expect([sent, fleet.wanted(bare.hello.workerId)]).toEqual([[], undefined]);
  fleet.engine(bare, engineSample);
  expect([sent.length, fleet.wanted(bare.hello.workerId)]).toEqual([1, baseSample]);
  fleet.engine(bare, { ...engineSample, arch: "riscv64" });
  expect(fleet.wanted(bare.hello.workerId)).toBeUndefined();
});

test("a worker's words and images are bounded", () => {
  const { fleet } = world();
  const { link } = imageLink("w");
  fleet.greet(link);
  const failure = { code: "c".repeat(1000), message: "m".repeat(10_000), hint: "" };
  fleet.take(link, [statusOf("failed", 1, { failure })]);
  const [kept] = fleet.of(link.hello.workerId);
  expect([kept?.status.failure?.code.length, kept?.status.failure?.message.length]).toEqual([64, 2000]);
  for (let seq = 2; seq < 400; seq++) {
    const digest = `sha256:${seq.toString(16).padStart(64, "0")}` as typeof baseSample;
    fleet.take(link, [statusOf("absent", seq, { digest })]);
  }
  expect(fleet.of(link.hello.workerId)).toHaveLength(256);
});
