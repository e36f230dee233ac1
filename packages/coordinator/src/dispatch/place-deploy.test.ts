import { type ContainerEngine } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { viewStep, viewWorker } from "../testing/fleet-samples.ts";
import { explain, explained } from "./explain.ts";
import { place } from "./place.ts";
import { type OpenQueue, QueueBook } from "./queue-book.ts";
import type { ViewQueue, ViewWorker } from "./view.ts";

const engine = (kind: ContainerEngine["kind"], unavailable?: string): ContainerEngine => ({
  kind,
  version: "1",
  arch: "x64",
  copyOnWrite: true,
  prefetch: "lazy",
  prefetchSource: "default",
  ...(unavailable === undefined ? {} : { unavailable }),
});
const able = (id: string, more: Partial<ViewWorker> = {}) =>
  viewWorker(id, 4, { engine: engine("docker"), ...more });
const queue = (more: Partial<ViewQueue> = {}): ViewQueue => ({
  selector: {},
  deployment: { name: "web", pulls: false },
  ...more,
});
const who = (own: ViewQueue, workers: readonly ViewWorker[]) =>
  place({ steps: [viewStep(0, { queue: own })], workers }).placed[0]?.workerId;
const why = (own: ViewQueue, workers: readonly ViewWorker[]) => {
  const reason = place({ steps: [viewStep(0, { queue: own })], workers }).unplaced[0]?.reason;
  return reason === undefined ? undefined : `${explained(reason).code}: ${explain(reason)}`;
};

describe("a deploy goes", () => {
  test("to a worker with an engine that answers, and one that pulls when the image is a reference", () => {
    const workers = [
      viewWorker("none", 9),
      able("broken", { engine: engine("podman", "no socket") }),
      able("ok"),
    ];
    expect(who(queue(), workers)).toBe("ok");
    const lxd = able("lxd", { engine: engine("lxd") });
    expect(who(queue(), [lxd])).toBe("lxd");
    expect(who(queue({ deployment: { name: "web", pulls: true } }), [lxd])).toBeUndefined();
  });

  test("where the name stands, however full that is", () => {
    const standsOn = { id: "b", name: "b" };
    expect(who(queue({ standsOn }), [able("a"), able("b", { deployments: 9 })])).toBe("b");
    expect(who(queue({ standsOn }), [able("a")])).toBeUndefined();
  });

  test("to the worker with the fewest deployments, then to the same one for the same name", () => {
    expect(who(queue(), [able("a", { deployments: 2 }), able("b", { deployments: 1 })])).toBe("b");
    const [one, two] = [who(queue(), [able("a"), able("b")]), who(queue(), [able("b"), able("a")])];
    expect(one).toBe(two);
    const names = Array.from({ length: 40 }, (_, at) =>
      who(queue({ deployment: { name: `n${at}`, pulls: false } }), [able("a"), able("b")]),
    );
    expect(new Set(names)).toEqual(new Set(["a", "b"]));
  });

  test("also to a worker that takes nothing else", () => {
    const only = able("only", { labels: new Map([["takes", "deploys"]]) });
    expect(who(queue(), [only])).toBe("only");
    const command: ViewQueue = { selector: {} };
    expect(who(command, [only])).toBeUndefined();
    expect(who(command, [only, able("any")])).toBe("any");
    expect(why(command, [only])).toBe(
      "only_deploys: the connected workers that may run it take deploys only (only): start one without --takes deploys",
    );
  });

  test("each elsewhere when many go at once", () => {
    const steps = Array.from({ length: 6 }, (_, at) =>
      viewStep(at, { queue: queue({ deployment: { name: `n${at}`, pulls: false } }) }),
    );
    const workers = [able("a"), able("b"), able("c", { deployments: 1 })];
    const { placed } = place({ steps, workers });
    const counts = Map.groupBy(placed, ({ workerId }) => workerId);
    const lengths = ["a", "b", "c"].map((id) => counts.get(id)?.length ?? 0);
    // With the one that c has already, as many on each as can be.
    expect(lengths.reduce((sum, each) => sum + each)).toBe(6);
    expect(Math.max(lengths[0] ?? 0, lengths[1] ?? 0, (lengths[2] ?? 0) + 1)).toBe(3);
  });
});

describe("it says why it waits", () => {
  test("no engine, with what the nearest worker lacks", () => {
    expect(why(queue(), [viewWorker("w", 1)])).toBe(
      "no_engine: no connected worker can deploy it: w was started without --deploy; haversack worker --deploy on a host with docker, podman or lxd",
    );
    const broken = able("broken", { engine: engine("podman", "no socket") });
    expect(why(queue(), [viewWorker("w", 1), broken])).toContain("broken cannot use podman (no socket)");
    expect(why(queue({ selector: { zone: "a" } }), [able("w")])).toContain("no_matching_worker");
  });

  test("its worker is lost, with the way out", () => {
    expect(why(queue({ standsOn: { id: "gone", name: "box" } }), [able("w")])).toBe(
      "deployment_on_lost_worker: web stands on box, which is not connected: it waits for that worker, or for haversack undeploy web --abandon",
    );
  });

  test("its worker cannot do it any more", () => {
    const standsOn = { id: "w", name: "w" };
    expect(why(queue({ standsOn, selector: { zone: "a" } }), [able("w")])).toBe(
      "deployment_elsewhere: web stands on w, which lacks zone=a; haversack undeploy web lets it go to another worker",
    );
    expect(why(queue({ standsOn }), [viewWorker("w", 1)])).toContain("which was started without --deploy");
    expect(why(queue({ standsOn }), [able("w", { credits: 0 })])).toContain("no_free_slot");
  });
});

test("a turn is dealt when an engine comes, and when the name comes to stand elsewhere", () => {
  const book = new QueueBook();
  const open = (standsOn?: ViewQueue["standsOn"]): OpenQueue => ({
    no: 1,
    priority: 3,
    share: "d",
    limits: [],
    selector: {},
    deployment: { name: "web", pulls: false },
    ...(standsOn === undefined ? {} : { standsOn }),
  });
  const labels = new Map<string, string>();
  const deal = (...workers: ViewWorker[]) => [...book.deal(workers, 9).keys()];
  book.learn({ after: 0, queues: [open()] });
  expect(deal(viewWorker("w", 1, { labels }))).toEqual([]);
  expect(deal(able("w", { labels }))).toEqual([1]);
  book.learn({ after: 0, queues: [open({ id: "v", name: "v" })] });
  expect(deal(able("w", { labels }))).toEqual([]);
  book.learn({ after: 0, queues: [open()] });
  expect(deal(able("w", { labels }))).toEqual([1]);
});
