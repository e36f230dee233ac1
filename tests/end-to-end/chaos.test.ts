/**
 * A short run of chaos on each store, as `npm run chaos` does it for as long as one likes. `HAVERSACK_CHAOS_MINUTES` and
 * `HAVERSACK_CHAOS_SEED` ask for another one.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { platform } from "node:process";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { repositoryRoot } from "../support/fleet.ts";
import { withPostgres } from "../support/postgres.ts";

const minutes = process.env["HAVERSACK_CHAOS_MINUTES"] ?? "0.25";
const seed = process.env["HAVERSACK_CHAOS_SEED"] ?? "20";
const program = join(repositoryRoot, "tests/chaos/main.ts");
/** Processes are looked up in /proc. */
const onLinux = test.skipIf(platform !== "linux");

async function chaos(...args: string[]) {
  const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const [stdout, stderr] = [text(child.stdout), text(child.stderr)];
  const [code] = (await once(child, "close")) as [number | null];
  const last = (await stdout).trimEnd().split("\n").at(-1) ?? "";
  return { code, stderr: await stderr, last };
}

async function keepsPromises(store: string): Promise<void> {
  const { code, stderr, last } = await chaos("--minutes", minutes, "--seed", seed, "--store", store);
  expect({ code, stderr, last }).toMatchObject({ code: 0 });
  const report = JSON.parse(last) as Record<string, number>;
  expect(report).toMatchObject({
    ok: true,
    seed: Number(seed),
    lost: 0,
    accepted_twice: 0,
    order_violations: 0,
    log_bytes_lost: 0,
    orphans: 0,
    wrong_ends: 0,
    odd_answers: 0,
    violations: [],
  });
  // Without faults that met work this would show nothing.
  expect(report["faults_bit"]).toBeGreaterThan(0);
  expect(report["faults_injected"]).toBeGreaterThanOrEqual(report["faults_bit"] ?? 0);
  expect(report["runs_completed"]).toBe(report["runs_submitted"]);
  process.stdout.write(`chaos: ${last}\n`);
}

const timeout = 240_000 + Number(minutes) * 120_000;

onLinux(`the embedded store under chaos (seed ${seed})`, { timeout }, () => keepsPromises("sqlite"));

withPostgres("on PostgreSQL", () => {
  onLinux(`two coordinators under chaos (seed ${seed})`, { timeout }, () => keepsPromises("postgres"));
});

onLinux("the same seed plans the same faults", { timeout: 60_000 }, async () => {
  const plan = async (asked: string) => (await chaos("--plan", "--minutes", "5", "--seed", asked)).last;
  const first = await plan("7");
  expect(JSON.parse(first)).toMatchObject({ seed: 7, planned: expect.any(Number) });
  expect(await plan("7")).toBe(first);
  expect(await plan("8")).not.toBe(first);
});

onLinux.each([
  ["--minutes", "0"],
  ["--minutes", "many"],
  ["--seed", "-1"],
  ["--store", "mysql"],
  ["--faster", ""],
])("%s %s is refused with how to use it", async (...args) => {
  const { code, stderr } = await chaos(...args.filter((arg) => arg !== ""));
  expect(code).toBe(2);
  expect(stderr).toContain("usage: npm run chaos");
});
