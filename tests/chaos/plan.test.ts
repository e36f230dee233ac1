import { describe, expect, test } from "vitest";
import { planDigest, planOf } from "./plan.ts";

const options = {
  seed: 7,
  minutes: 5,
  workers: 3,
  coordinators: 1,
  leaseTtlMs: 6000,
  hasServer: false,
  hasNamespace: false,
};

describe("a plan of faults", () => {
  test("is the same for the same seed, and another for another", () => {
    expect(planOf(options)).toEqual(planOf(options));
    expect(planDigest(planOf(options))).not.toBe(planDigest(planOf({ ...options, seed: 8 })));
  });

  test("has every kind that the place allows, and no other, within a minute", () => {
    const kinds = (more: object) =>
      new Set(planOf({ ...options, minutes: 1, ...more }).map(({ kind }) => kind));
    expect(kinds({}).size).toBeGreaterThanOrEqual(8);
    expect(kinds({}).has("database-cut")).toBe(false);
    expect(kinds({}).has("namespace-down")).toBe(false);
    const all = planOf({ ...options, hasServer: true, hasNamespace: true }).map(({ kind }) => kind);
    expect(new Set(all).size).toBe(11);
  });

  test("names targets that exist, within its time, and lets one suffer one thing at a time", () => {
    for (let seed = 1; seed <= 50; seed++) {
      const plan = planOf({ ...options, seed, coordinators: 2, hasServer: true, hasNamespace: true });
      const busyUntil = new Map<string, number>();
      for (const { atMs, kind, target, forMs } of plan) {
        const isWorker = kind.startsWith("worker") || kind.startsWith("link") || kind === "namespace-down";
        expect(target).toBeLessThan(isWorker ? 3 : 2);
        expect(atMs).toBeLessThan(300_000);
        const key = isWorker ? `worker ${target}` : kind === "database-cut" ? "database" : "coordinator";
        expect(atMs).toBeGreaterThanOrEqual(busyUntil.get(key) ?? 0);
        busyUntil.set(key, atMs + forMs);
      }
    }
  });

  test("has freezes beyond the lease and within it", () => {
    const lengths = planOf(options).flatMap(({ kind, forMs }) => (kind === "worker-freeze" ? [forMs] : []));
    expect(Math.max(...lengths)).toBeGreaterThan(6000);
    expect(Math.min(...lengths)).toBeLessThan(6000);
  });
});
