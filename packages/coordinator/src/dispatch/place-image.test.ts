import { expect, test } from "vitest";
import { viewStep, viewWorker } from "../testing/fleet-samples.ts";
import { engineSample } from "../testing/image-samples.ts";
import { place } from "./place.ts";
import type { ViewQueue, ViewWorker } from "./view.ts";

const able = (id: string, { credits = 100, ...more }: Partial<ViewWorker> = {}): ViewWorker =>
  viewWorker(id, credits, { engine: engineSample, ...more });
const ready = (id: string, more: Partial<ViewWorker> = {}): ViewWorker =>
  able(id, { imagesReady: new Set(["base"]), ...more });
const deploy = (name: string, pulls = false): ViewQueue => ({ selector: {}, deployment: { name, pulls } });
const names = ["a", "b", "c", "d", "e", "f", "g", "h"];

/** Who gets each of these deploys, one at a time. */
const who = (workers: readonly ViewWorker[], pulls = false) =>
  names.map((name, at) => {
    const { placed } = place({ steps: [viewStep(at, { queue: deploy(name, pulls) })], workers });
    return placed[0]?.workerId;
  });

test("a deploy goes to the worker with the base image, whatever its name", () => {
  expect(new Set(who([able("cold"), ready("warm"), able("colder")]))).toEqual(new Set(["warm"]));
});

test("never a filter: without a free slot there it goes elsewhere at once", () => {
  expect(new Set(who([able("cold"), ready("warm", { credits: 0 })]))).toEqual(new Set(["cold"]));
});

test("one that has more than twice the mean is preferred no longer", () => {
  const workers = [able("a"), able("b"), able("c"), ready("warm", { deployments: 2 })];
  expect(who(workers)).not.toContain("warm");
  const even = [
    able("a", { deployments: 1 }),
    able("b", { deployments: 1 }),
    ready("warm", { deployments: 2 }),
  ];
  expect(new Set(who(even))).toEqual(new Set(["warm"]));
});

test("an image by reference is no reason, and a step that is no deploy asks for none", () => {
  expect(new Set(who([able("cold"), ready("warm", { deployments: 1 })], true))).toEqual(new Set(["cold"]));
  const steps = [viewStep(0, { queue: { selector: {} } })];
  expect(
    place({ steps, workers: [able("free", { credits: 9 }), ready("busy", { credits: 1 })] }).placed,
  ).toMatchObject([{ workerId: "free" }]);
});

test("many at once are spread: the one that has it gets half of them, not all", () => {
  const workers = [ready("warm"), able("b"), able("c"), able("d")];
  const steps = names.map((name, at) => viewStep(at, { queue: deploy(name) }));
  const got = place({ steps, workers }).placed.filter(({ workerId }) => workerId === "warm");
  expect(got.length).toBeGreaterThan(2);
  expect(got.length).toBeLessThan(6);
});
