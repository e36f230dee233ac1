/** `haversack images` against a real coordinator and a worker that is made up. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { haversack, Program } from "../support/fleet.ts";
import { baseDigest, ImageWorld } from "../support/image-world.ts";

const base = baseDigest("1");
/** Each look is a process. */
const patience = { timeout: 30_000 };
let world: ImageWorld;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  world = await ImageWorld.start();
  env = { HAVERSACK_URL: world.url, HAVERSACK_TOKEN: await world.token("admin") };
});
afterAll(() => world[Symbol.asyncDispose]());

const run = (...args: string[]) => haversack(["images", ...args], env);
const figures = (percent: number) =>
  ({ unit: "bytes", done: percent * 1024, total: 102_400, percent }) as const;

describe("haversack images pull", () => {
  test("shows a line for each ten percent, and ends with 0 when the image is ready", async () => {
    await using worker = await world.worker("ready");
    await using pulling = new Program(["images", "pull", "--worker", "ready"], env);
    await pulling.line(/queued/);
    worker.says(base, "downloading", { stamp: "1", progress: figures(12) });
    await pulling.line(/12 % {2}12 KiB of 100 KiB/);
    worker.says(base, "downloading", { since: worker.table.get(base)?.since ?? 0, progress: figures(55) });
    await pulling.line(/55 %/);
    worker.says(base, "ready");
    const { code, stdout } = await pulling.ended;
    expect([code, stdout.trim().split("\n").at(-1)]).toEqual([0, "ready: base 1 is ready"]);
    expect(stdout).not.toContain("\u001b");
    expect((await run("pull", "--worker", "ready")).code).toBe(0);
  });

  test("ends with 1 and the reason when it failed, with 3 when somebody cancelled it", async () => {
    await using worker = await world.worker("ends");
    const failure = { code: "checksum", message: "sha256 \u001b[2Jdiffers", hint: "another mirror" };
    await using failing = new Program(["images", "pull", "--worker", "ends"], env);
    await failing.line(/queued/);
    worker.says(base, "failed", { failure: { ...failure, retryAt: Date.now() + 60_000 } });
    await failing.line(/tried again at/);
    worker.says(base, "failed", { failure });
    const failed = await failing.ended;
    expect([failed.code, failed.stdout.trim().split("\n").at(-1)]).toEqual([
      1,
      "ends: base is failed: checksum: sha256 \\x1b[2Jdiffers (another mirror)",
    ]);
    await using pulling = new Program(["images", "pull", "--worker", "ends", "--json"], env);
    await expect.poll(() => worker.table.get(base)?.state, patience).toBe("queued");
    const cancelled = await run("cancel", "--worker", "ends");
    expect([cancelled.code, cancelled.stdout]).toEqual([0, expect.stringContaining("cancelled")]);
    const { code, stdout } = await pulling.ended;
    expect([code, JSON.parse(stdout)]).toMatchObject([
      3,
      { images: [{ state: "cancelled", workerName: "ends" }] },
    ]);
  });

  test("Ctrl-C ends the command and not the pull, and says how to end that", async () => {
    await using worker = await world.worker("stays");
    await using pulling = new Program(["images", "pull", "--worker", "stays"], env);
    worker.says(base, "downloading", { progress: figures(5) });
    await pulling.line(/downloading/);
    const { code, stderr } = await pulling.kill("SIGINT");
    expect([code, stderr]).toEqual([
      130,
      expect.stringContaining("haversack images cancel --worker stays base"),
    ]);
    expect(worker.table.get(base)?.state).toBe("downloading");
    await using second = new Program(["images", "pull", "--worker", "stays"], env);
    await second.line(/under way already/);
  });

  test("--no-wait returns at once; a worker that is away, unknown or unnamed is told apart", async () => {
    await using worker = await world.worker("quick");
    const begun = await run("pull", "--worker", "quick", "--no-wait");
    expect([begun.code, begun.stdout]).toEqual([0, "quick: base is queued\n"]);
    await worker.hangUp();
    await expect
      .poll(async () => (await run("status", "--worker", "quick")).stdout, patience)
      .toContain("queued (worker away)");
    const away = await run("pull", "--worker", "quick");
    expect([away.code, away.stderr]).toEqual([3, expect.stringContaining("is not connected")]);
    expect((await run("pull", "--worker", "nobody")).code).toBe(4);
    expect((await run("pull", "--worker", "quick", "latest")).code).toBe(2);
    expect((await run("pull", "--worker", "quick", "--pool", "p")).code).toBe(2);
    const pool = await run("pull", "--pool", "p");
    expect([pool.code, pool.stderr]).toEqual([
      4,
      expect.stringContaining("no worker of pool p is connected"),
    ]);
  });
});

test("a coordinator that goes away is no failure of the image", async () => {
  await using own = await ImageWorld.start();
  const worker = await own.worker("w");
  const at = { HAVERSACK_URL: own.url, HAVERSACK_TOKEN: await own.token("admin") };
  await using pulling = new Program(["images", "pull"], at);
  await pulling.line(/queued/);
  worker.says(base, "downloading", { progress: figures(40) });
  await pulling.line(/40 %/);
  await own.stopCoordinator();
  await pulling.line(/^reconnecting/);
  await own.startCoordinator();
  await worker.dial(own.url);
  worker.says(base, "ready");
  const { code, stdout } = await pulling.ended;
  expect([code, stdout]).toEqual([0, expect.not.stringContaining("failed")]);
});

test("status, history and reload, for people and for programs", async () => {
  await using own = await ImageWorld.start();
  await using worker = await own.worker("w");
  await using bare = await own.worker("bare", { engine: undefined });
  const at = { HAVERSACK_URL: own.url, HAVERSACK_TOKEN: await own.token("admin") };
  const run = (...args: string[]) => haversack(["images", ...args], at);
  worker.says(base, "queued", { stamp: "1", attempt: 1, cause: "deploy" });
  worker.says(base, "ready", { stamp: "1" });
  await expect
    .poll(async () => (await run()).stdout, patience)
    .toMatch(/^base image 1\n[^]*\nw +ready +base 1/);
  expect((await run()).stdout).toMatch(new RegExp(`${bare.id} +no container engine`));
  const json = JSON.parse((await run("--json", "--worker", "w")).stdout) as Record<string, unknown>;
  expect(json).toMatchObject({
    base: { stamp: "1" },
    images: [{ workerName: "w", state: "ready", digest: base }],
  });
  expect((await run("history")).stdout).toMatch(/ready +1 [^]*queued +1 +deploy/);
  expect((await run("reload")).stdout).toBe("base image 1, for x64\n");
  await own.publish("2");
  expect((await run("reload")).stdout).toBe("base image 2, for x64\n");
  await worker.until((told) => told.kind === "baseImage" && told.base.stamp === "2");
  expect((await run("pull", "--no-wait")).stdout).toMatch(/is queued/);
  expect(worker.table.get(baseDigest("2"))?.state).toBe("queued");
});
