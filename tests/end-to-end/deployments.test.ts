/** Deploys on real engines, from the DAG to the container: what a user sees, with the base image on its way. */

import { readdir } from "node:fs/promises";
import { systemClock } from "@haversack/base";
import type { RunId } from "@haversack/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openRuntime } from "../../packages/worker/src/runtime/open-runtime.ts";
import { type EngineKind, engineAddress, engineKinds, withEngine } from "../support/container-engines.ts";
import { type DeployWorld, openDeployWorld } from "../support/deploy-world.ts";
import { noSignal, type Program } from "../support/fleet.ts";
import { smallDisk, withSmallDisks } from "../support/small-disk.ts";

const deployOf = (name: string, more = "", where = ""): string => `
name: deploys${where}
steps:
  - id: web
    deploy: { name: ${name}, ports: [8080], health: { http: /healthz, port: 8080, interval: 100ms }${more} }
`;

/** Its outputs, and what stands then. */
async function deployed(world: DeployWorld, name: string, more?: string, where?: string) {
  const { id } = await world.fleet.submit(deployOf(name, more, where));
  return await endOf(world, id, name);
}

async function endOf(world: DeployWorld, id: RunId, name: string) {
  const { run } = await world.fleet.finished(id);
  const [step] = run.steps;
  expect([name, run.status, step?.failure ?? null]).toEqual([name, "succeeded", null]);
  const outputs = step?.outputs as Record<string, string> | undefined;
  const client = await world.fleet.client();
  return { outputs, standing: await client.deployment(name, noSignal) };
}

const text = async (url: string | undefined): Promise<string> => await (await fetch(`${url}/healthz`)).text();

/** Of the file of the base image: how often it was asked for, and how much of it went out. */
function fileTraffic({ registry }: DeployWorld) {
  const asked = registry.requests.filter(({ method, url }) => method === "GET" && url.startsWith("/files/"));
  return { requests: asked.length, bytes: asked.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** Where the engine leaves it to the worker; what engines do of their own is in their suite. */
async function startsAgain(engine: EngineKind, outputs: Record<string, string> | undefined): Promise<void> {
  const id = outputs?.["id"] ?? "";
  const socket = engineAddress(engine);
  const runtime = await openRuntime({ engine, socket }, { clock: systemClock, env: {} });
  const before = await runtime.inspect(id, noSignal);
  await runtime.exec(id, { argv: ["/bin/kill", "1"], outputMax: 100 }, noSignal).catch(() => {});
  const now = async () => {
    const view = await runtime.inspect(id, noSignal);
    return view?.state === "running" && view.startedAt !== before?.startedAt;
  };
  await expect.poll(now, { timeout: 30_000 }).toBe(true);
  await expect.poll(() => text(outputs?.["url"]).catch(() => ""), { timeout: 30_000 }).toMatch(/^agent of /);
  await runtime.close();
}

async function imageReady(world: DeployWorld, worker: string): Promise<void> {
  const { code, stdout, stderr } = await world.cli("images", "pull", "--worker", worker);
  expect([code, stdout, stderr]).toEqual([0, expect.stringContaining("ready"), expect.anything()]);
}

describe.each(engineKinds)("on %s", (engine) => {
  withEngine(engine, "a fresh worker", () => {
    test("builds its first deploys while the image downloads once, and starts from it what waits long enough and what comes later (I1, I3, I4)", async () => {
      await using world = await openDeployWorld({
        engine,
        address: engineAddress(engine),
        ballastBytes: 8_000_000,
      });
      // Of the file only: the engine pulls what the recipe starts from as fast as it can.
      let pace: number | undefined = 150_000;
      world.registry.fault = ({ kind }) => (kind === "files" ? { bytesPerSecond: () => pace } : undefined);
      await world.worker("w");
      const names = ["a", "b", "c"].map((name) => world.name(name));
      const waits = ["", "", ", waitForImage: 200ms"];
      const runs = await Promise.all(
        names.map((name, index) => world.fleet.submit(deployOf(name, waits[index]))),
      );
      const patient = deployed(world, world.name("patient"), ", waitForImage: 2m");
      patient.catch(() => {});
      const ends = await Promise.all(runs.map(({ id }, index) => endOf(world, id, names[index] ?? "")));
      expect(ends.map(({ outputs }) => outputs?.["path"])).toEqual(["build", "build", "build"]);
      expect(await text(ends[0]?.outputs?.["url"])).toMatch(/^agent of /);
      const soFar = fileTraffic(world);
      expect([soFar.requests, soFar.bytes < world.base.size]).toEqual([1, true]);
      pace = undefined;
      await imageReady(world, "w");
      const next = await deployed(world, world.name("next"));
      expect(next.outputs).toMatchObject({ path: "image" });
      expect(await text(next.outputs?.["url"])).toMatch(/^agent of /);
      expect(next.standing).toMatchObject({ state: "running", revision: 1, report: { fellBack: false } });
      expect((await patient).outputs).toMatchObject({ path: "image" });
      expect(fileTraffic(world)).toEqual({ requests: 1, bytes: world.base.size });
      if (engine === "lxd") await startsAgain(engine, next.outputs);
    });
  });
});

withEngine("docker", "a deployment", () => {
  let world: DeployWorld;
  let name = "";
  let worker: Program;
  let first: Awaited<ReturnType<typeof deployed>>;
  beforeAll(async () => {
    world = await openDeployWorld({ engine: "docker", address: engineAddress("docker") });
    worker = await world.worker("w", "--prefetch-base-image", "off");
    name = world.name("web");
    first = await deployed(world, name);
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
  });
  const standing = async () => await (await world.fleet.client()).deployment(name, noSignal);

  test("is left alone by the same spec", async () => {
    const same = await deployed(world, name);
    expect([same.standing.revision, same.outputs?.["id"]]).toEqual([1, first.outputs?.["id"]]);
  });

  test("that never gets healthy fails its step and leaves the one before in place", async () => {
    const hopeless = deployOf(name, ", command: [sleep, '1000'], env: { A: b }").replace(
      "interval: 100ms",
      "interval: 100ms, timeout: 1s, within: 3s",
    );
    const { run } = await world.fleet.finished((await world.fleet.submit(hopeless)).id);
    expect([run.status, run.steps[0]?.failure]).toMatchObject(["failed", { code: "unhealthy" }]);
    expect(await standing()).toMatchObject({ revision: 1, state: "running" });
    expect(await text(first.outputs?.["url"])).toMatch(/^agent of /);
  });

  test("of a worker that is gone is unknown, and is taken up again when it is back", async () => {
    await worker.kill();
    await expect.poll(async () => (await standing()).state, { timeout: 60_000 }).toBe("unknown");
    await world.worker("w", "--prefetch-base-image", "off");
    await expect.poll(async () => (await standing()).state, { timeout: 60_000 }).toBe("running");
    const same = await deployed(world, name);
    expect(same.outputs?.["id"]).toBe(first.outputs?.["id"]);
  });

  test("is replaced by another spec, shown, read and removed", async () => {
    const other = await deployed(world, name, ", env: { GREETING: hello }");
    expect([other.standing.revision > 1, other.outputs?.["id"] === first.outputs?.["id"]]).toEqual([
      true,
      false,
    ]);
    expect((await world.cli("deployments")).stdout).toContain(name);
    expect((await world.cli("deployments", "logs", name)).code).toBe(0);
    expect(await world.cli("undeploy", name)).toMatchObject({ code: 0 });
    await expect(text(other.outputs?.["url"])).rejects.toThrow("fetch failed");
    const left = await (await world.fleet.client()).deployments(undefined, noSignal);
    expect(left.map((each) => each.name)).not.toContain(name);
  });

  withSmallDisks("on a worker whose disk is full", () => {
    test("is built; the image comes when there is room, and the next one starts from it (I7)", async () => {
      // Room for what stays free, and less than the image beside it.
      await using disk = await smallDisk(1024 ** 3 + 1_000_000);
      await world.worker("small", "--label", "disk=small", "--images-dir", disk.path);
      const built = await deployed(world, world.name("built"), "", "\nworker: { disk: small }");
      expect(built.outputs).toMatchObject({ path: "build" });
      expect(await text(built.outputs?.["url"])).toMatch(/^agent of /);
      const client = await world.fleet.client();
      const image = async () => (await client.images("small", noSignal)).images[0]?.status;
      await expect
        .poll(image, { timeout: 20_000 })
        .toMatchObject({ state: "failed", failure: { code: "no_space" } });
      expect((await readdir(disk.path)).filter((each) => !each.endsWith(".lock"))).toEqual([]);
      await disk.resize(1024 ** 3 + 50_000_000);
      await imageReady(world, "small");
      const next = await deployed(world, world.name("next"), "", "\nworker: { disk: small }");
      expect(next.outputs).toMatchObject({ path: "image" });
    });
  });
});
