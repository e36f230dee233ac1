import { describe, expect, test } from "vitest";
import { exerciseService } from "../../../tests/support/exercise-service.ts";
import { Background } from "./background.ts";
import { type Service, startAll, stopAll } from "./service.ts";

const never = new AbortController().signal;

const unexpected = (error: unknown): never => expect.fail(String(error));

/** Services that note what is done to them. */
function noted(...names: string[]) {
  const calls: string[] = [];
  const failing = new Set<string>();
  const services = names.map((name): Service => {
    const note = (call: string): void => {
      calls.push(call);
      if (failing.has(call)) throw new Error(`${call} failed`);
    };
    return {
      name,
      start: async () => note(`start ${name}`),
      stop: async (mode) => note(`stop ${name} ${mode}`),
    };
  });
  return { calls, failing, services };
}

describe("startAll", () => {
  test("starts in order, and stopAll stops in reverse", async () => {
    const { calls, services } = noted("a", "b");
    await startAll(services, never);
    await stopAll(services, "drain");
    expect(calls).toEqual(["start a", "start b", "stop b drain", "stop a drain"]);
  });

  test("stops what it started when one fails, and rejects with that error", async () => {
    const { calls, failing, services } = noted("a", "b", "c");
    failing.add("start b");
    await expect(startAll(services, never)).rejects.toThrow("start b failed");
    expect(calls).toEqual(["start a", "start b", "stop b now", "stop a now"]);
  });

  test("rejects with the reason of the failure even when the stopping fails too", async () => {
    const { calls, failing, services } = noted("a", "b");
    failing.add("start b").add("stop b now");
    await expect(startAll(services, never)).rejects.toThrow("start b failed");
    expect(calls).toContain("stop a now");
  });

  test("starts nothing more once it is told to stop", async () => {
    const { calls, services } = noted("a", "b");
    await expect(startAll(services, AbortSignal.abort(new Error("enough")))).rejects.toThrow("enough");
    expect(calls).toEqual(["stop a now"]);
  });
});

test("stopAll stops everything, whatever one does, then tells of all that failed", async () => {
  const { calls, failing, services } = noted("a", "b", "c");
  failing.add("stop c now").add("stop a now");
  await expect(stopAll(services, "now")).rejects.toThrow("stop c now failed; stop a now failed");
  expect(calls).toEqual(["stop c now", "stop b now", "stop a now"]);
});

describe("a background loop", () => {
  const waiting = (onFailure: (error: unknown) => void = unexpected) =>
    new Background(
      "loop",
      (signal) => new Promise((_, reject) => signal.addEventListener("abort", reject)),
      onFailure,
    );

  test("keeps the promises of a service", async () => {
    await exerciseService(() => waiting());
  });

  test("reports an error once, and none that its own stop caused", async () => {
    const failures: unknown[] = [];
    const loop = new Background(
      "loop",
      () => Promise.reject(new Error("broken")),
      (error) => failures.push(error),
    );
    await loop.start();
    await loop.start();
    await loop.stop("now");
    expect(failures).toEqual([new Error("broken")]);
  });

  test("that was stopped before it started ends as it begins", async () => {
    let ran = 0;
    const loop = new Background("loop", async (signal) => void (ran += signal.aborted ? 0 : 1), unexpected);
    await loop.stop("now");
    await loop.start();
    await loop.stop("now");
    expect(ran).toBe(0);
  });
});
