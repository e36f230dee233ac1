import { parseDigest } from "@haversack/protocol";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { viewStep, viewWorker } from "../testing/fleet-samples.ts";
import { explain } from "./explain.ts";
import { place } from "./place.ts";
import type { ViewStep, ViewWorker } from "./view.ts";

const digest = (letter: string) => parseDigest(`sha256:${letter.repeat(64)}`);
const who = (steps: readonly ViewStep[], workers: readonly ViewWorker[]) =>
  place({ steps, workers }).placed.map(({ step, workerId }) => `${step.index}:${workerId}`);
const why = (step: ViewStep, workers: readonly ViewWorker[]) => {
  const reason = place({ steps: [step], workers }).unplaced[0]?.reason;
  return reason === undefined ? undefined : explain(reason);
};

describe("who gets a step", () => {
  test("steps are spread over the workers with the most free slots", () => {
    const steps = [0, 1, 2, 3].map((index) => viewStep(index));
    expect(who(steps, [viewWorker("a", 1), viewWorker("b", 3)])).toEqual(["0:b", "1:b", "2:a", "3:b"]);
  });

  test("the worker that holds the pack gets it, though another has more free slots", () => {
    const step = viewStep(0, { snapshotDigest: digest("a") });
    const holder = viewWorker("holder", 1, { snapshotsHeld: new Set([digest("a")]) });
    expect(who([step], [viewWorker("idle", 9), holder])).toEqual(["0:holder"]);
    expect(who([step, { ...step, index: 1 }], [viewWorker("idle", 9), holder])).toEqual([
      "0:holder",
      "1:idle",
    ]);
  });

  test("only a worker with every label of the step gets it", () => {
    const step = viewStep(0, { queue: { selector: { os: "linux", pool: "gpu" } } });
    const labels = (text: string) =>
      new Map(text.split(" ").map((pair) => pair.split("=") as [string, string]));
    const workers = [
      viewWorker("a", 1, { labels: labels("os=linux") }),
      viewWorker("b", 1, { labels: labels("os=linux pool=GPU") }),
      viewWorker("c", 1, { labels: labels("os=linux pool=gpu zone=1") }),
    ];
    expect(who([step], workers)).toEqual(["0:c"]);
  });

  test("a step that fits nobody holds up no other", () => {
    const steps = [viewStep(0, { queue: { selector: { pool: "gpu" } } }), viewStep(1)];
    expect(who(steps, [viewWorker("a", 1)])).toEqual(["1:a"]);
  });

  test("a pack asks for a worker that reads its version and knows its features", () => {
    const step = viewStep(0, { queue: { selector: {}, pack: { formatVersion: 2, requires: ["skills"] } } });
    const old = viewWorker("old", 1);
    const newer = viewWorker("newer", 1, { snapshotMaxVersion: 2 });
    const able = viewWorker("able", 1, { snapshotMaxVersion: 2, snapshotFeatures: ["skills"] });
    expect(who([step], [old, newer, able])).toEqual(["0:able"]);
    expect(why(step, [old])).toBe(
      "the step's snapshot has format 2, and the connected workers read format 1: upgrade a worker to one that reads format 2",
    );
    expect(why(step, [old, newer])).toBe(
      "the step's snapshot requires skills, and the connected workers offer none: upgrade a worker to one that offers it, or leave out skills in the step and its profile",
    );
    const telepathic = viewStep(0, {
      queue: { selector: {}, pack: { formatVersion: 2, requires: ["skills", "telepathy"] } },
    });
    expect(why(telepathic, [able])).toBe(
      "the step's snapshot requires telepathy, and the connected workers offer skills: upgrade a worker to one that offers it",
    );
    expect(why(step, [{ ...able, snapshotMinVersion: 3, snapshotMaxVersion: 4 }])).toBe(
      "the step's snapshot has format 2, and the connected workers read formats 3 to 4: upgrade the coordinator, and submit the run again",
    );
  });
});

describe("why a step waits", () => {
  test("nobody is there", () => {
    expect(why(viewStep(0), [])).toBe("no worker is connected");
  });

  test("nobody has the label", () => {
    const step = viewStep(0, { queue: { selector: { pool: "gpu" } } });
    expect(why(step, [viewWorker("a", 1)])).toBe(
      "no connected worker has pool=gpu: a comes nearest and has no pool",
    );
  });

  test("of those that lack something, the nearest is named with what it has instead", () => {
    const selector = { os: "linux", pool: { in: ["gpu", "tpu"] }, spot: { not: ["yes"] } };
    const workers = [
      viewWorker("far", 1, { labels: new Map([["os", "mac"]]) }),
      viewWorker("near", 1, {
        labels: new Map([
          ["os", "linux"],
          ["pool", "cpu"],
        ]),
      }),
    ];
    expect(why(viewStep(0, { queue: { selector } }), workers)).toBe(
      "no connected worker has pool in (gpu, tpu): near comes nearest and has pool=cpu",
    );
  });

  test("those who may run it are busy", () => {
    expect(why(viewStep(0), [viewWorker("a", 0)])).toBe(
      "all slots of the one worker that may run it are taken",
    );
  });
});

const labels = fc.dictionary(fc.constantFrom("os", "pool"), fc.constantFrom("x", "y"));
const steps = fc
  .array(
    fc.record({
      labels,
      held: fc.option(fc.constantFrom("a", "b")),
      version: fc.option(fc.integer({ min: 1, max: 3 })),
    }),
    {
      maxLength: 20,
    },
  )
  .map((all) =>
    all.map(({ labels, held, version }, index) =>
      viewStep(index, {
        queue: {
          selector: labels,
          ...(version === null ? {} : { pack: { formatVersion: version, requires: [] } }),
        },
        ...(held === null ? {} : { snapshotDigest: digest(held) }),
      }),
    ),
  );
const workers = fc
  .array(
    fc.record({
      labels,
      credits: fc.nat(5),
      snapshotMaxVersion: fc.integer({ min: 1, max: 3 }),
      held: fc.subarray(["a", "b"]),
    }),
    { maxLength: 6 },
  )
  .map((all) =>
    all.map(({ labels, credits, snapshotMaxVersion, held }, index) =>
      viewWorker(`w${index}`, credits, {
        labels: new Map(Object.entries(labels)),
        snapshotMaxVersion,
        snapshotsHeld: new Set(held.map(digest)),
      }),
    ),
  );

test("for any fleet: no credit is used twice, no label is missed, every step is in one list, nobody idles for nothing", () => {
  const fits = (step: ViewStep, worker: ViewWorker): boolean =>
    Object.entries(step.queue.selector).every(([label, value]) => worker.labels.get(label) === value) &&
    (step.queue.pack?.formatVersion ?? 0) <= worker.snapshotMaxVersion;
  fc.assert(
    fc.property(steps, workers, (steps, workers) => {
      const { placed, unplaced } = place({ steps, workers });
      const indexes = [...placed, ...unplaced].map(({ step }) => step.index).toSorted((a, b) => a - b);
      expect(indexes).toEqual(steps.map(({ index }) => index));
      const used = new Map<string, number>();
      for (const { step, workerId } of placed) {
        const worker = workers.find(({ id }) => id === workerId);
        expect(worker !== undefined && fits(step, worker)).toBe(true);
        used.set(workerId, (used.get(workerId) ?? 0) + 1);
      }
      for (const { id, credits } of workers) expect(used.get(id) ?? 0).toBeLessThanOrEqual(credits);
      for (const { step, reason } of unplaced) {
        const able = workers.filter((worker) => fits(step, worker));
        expect(able.every(({ id, credits }) => (used.get(id) ?? 0) === credits)).toBe(true);
        expect(reason.why === "no-free-slot").toBe(able.length > 0);
      }
    }),
  );
});

describe("workers that get nothing new", () => {
  const step = viewStep(0);
  const cordoned = (name: string) => viewWorker(name, 0, { closed: "cordoned" });

  test("are named when nobody else may run the step", () => {
    expect(why(step, [cordoned("gpu-1")])).toBe(
      "gpu-1, the only worker that may run it, is cordoned: `haversack workers uncordon gpu-1` ends that",
    );
    const many = ["a", "b", "c", "d", "e", "f", "g"].map(cordoned);
    expect(why(step, many)).toBe(
      "all workers that may run it are cordoned (a, b, c, d, e and 2 more): `haversack workers uncordon a` ends that for one",
    );
    expect(why(step, [viewWorker("a", 0, { closed: "stopping" })])).toBe("a, which may run it, is stopping");
  });

  test("do not count among those whose slots are taken", () => {
    expect(why(step, [cordoned("a"), viewWorker("b", 0)])).toBe(
      "all slots of the one worker that may run it are taken",
    );
  });
});
